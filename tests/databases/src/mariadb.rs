//! How a private MariaDB is made and started.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use tests_servers::Owner;
use tests_xtask::databases::MariaDb;

/// The user that a server runs as where it cannot be this one.
pub(crate) const USER: &str = "mysql";
/// Ends the server at once.
pub(crate) const END: &str = "KILL";

/// The machine has so many requests at once for all programs, and a dozen servers of tests can have them all.
const NO_NATIVE_AIO: &str = "--innodb-use-native-aio=0";

/// A folder of its own for temporary tables: a server that starts removes all that it finds where they are kept, those of
/// other servers too, which then say "Unknown table" (seen with 10.11).
const TEMPORARY: &str = "tmp";

/// Makes the data, and what the server runs at each start: our user, from loopback only.
pub(crate) fn make(folder: &Path, owner: Option<Owner>, password: &str) -> Result<()> {
    let temporary = folder.join(TEMPORARY);
    std::fs::create_dir(&temporary)?;
    let mut command = Command::new(MariaDb::find()?.install);
    command
        .args(["--no-defaults", "--skip-test-db", NO_NATIVE_AIO])
        .arg(format!("--datadir={}", folder.join("data").display()))
        .arg(format!("--tmpdir={}", temporary.display()))
        .current_dir(folder);
    let start = folder.join("start.sql");
    let user = "'swingbridge'@'127.0.0.1'";
    std::fs::write(
        &start,
        format!(
            "CREATE USER IF NOT EXISTS {user} IDENTIFIED BY '{password}';\n\
             GRANT ALL PRIVILEGES ON *.* TO {user} WITH GRANT OPTION;\n"
        ),
    )?;
    if let Some(owner) = owner {
        owner.own(&start)?;
        owner.own(&temporary)?;
        owner.run(&mut command);
    }
    let output = command.output()?;
    let said = [output.stdout, output.stderr].concat();
    ensure!(output.status.success(), "no data folder: {}", String::from_utf8_lossy(&said));
    Ok(())
}

/// The server's command. Without a configuration its character set is latin1: what relies on another says so itself.
pub(crate) fn command(folder: &Path, port: u16) -> Result<Command> {
    let mut command = Command::new(MariaDb::find()?.server);
    command.arg("--no-defaults");
    for (option, file) in [
        ("datadir", "data"),
        ("tmpdir", TEMPORARY),
        ("socket", "mariadb.sock"),
        ("pid-file", "mariadb.pid"),
        ("init-file", "start.sql"),
    ] {
        command.arg(format!("--{option}={}", folder.join(file).display()));
    }
    command.arg(format!("--port={port}"));
    command.args([
        NO_NATIVE_AIO,
        "--bind-address=127.0.0.1",
        "--skip-name-resolve",
        "--max-connections=400",
        "--innodb-buffer-pool-size=128M",
        "--innodb-log-file-size=64M",
        "--performance-schema=OFF",
    ]);
    Ok(command)
}
