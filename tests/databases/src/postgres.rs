//! How a private PostgreSQL is made and started.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use tests_servers::Owner;
use tests_xtask::databases::Postgres;

/// The user that a server runs as where it cannot be this one.
pub(crate) const USER: &str = "postgres";
/// Ends the server and every process of it at once.
pub(crate) const END: &str = "QUIT";

/// Makes the data. Where the version can, the order of texts is a language's and not that of bytes, so that what relies
/// on bytes by chance is found.
pub(crate) fn make(folder: &Path, owner: Option<Owner>, password: &str) -> Result<()> {
    let programs = Postgres::find()?;
    let secret = folder.join("password");
    std::fs::write(&secret, password)?;
    let mut command = Command::new(&programs.initdb);
    command
        .args(["--auth=scram-sha-256", "--username=swingbridge", "--encoding=UTF8", "--locale=C"])
        .arg("--pwfile")
        .arg(&secret)
        .arg("--pgdata")
        .arg(folder.join("data"))
        .current_dir(folder);
    let help = Command::new(&programs.initdb).arg("--help").output()?;
    if String::from_utf8_lossy(&help.stdout).contains("--icu-locale") {
        command.args(["--locale-provider=icu", "--icu-locale=en"]);
    }
    if let Some(owner) = owner {
        owner.own(&secret)?;
        owner.run(&mut command);
    }
    let output = command.output()?;
    std::fs::remove_file(&secret)?;
    ensure!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// The server's command.
pub(crate) fn command(folder: &Path, port: u16) -> Result<Command> {
    let mut command = Command::new(Postgres::find()?.server);
    command.arg("-D").arg(folder.join("data")).args(["-h", "127.0.0.1", "-p", &port.to_string()]);
    command.arg("-k").arg(folder);
    for setting in
        ["max_connections=400", "shared_buffers=64MB", "wal_level=minimal", "max_wal_senders=0"]
    {
        command.args(["-c", setting]);
    }
    Ok(command)
}
