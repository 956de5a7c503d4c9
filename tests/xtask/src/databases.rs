//! Finds the programs of MariaDB and PostgreSQL that the tests start for themselves, and installs them where it can.
//!
//! No server of the machine is touched: the packages are told not to start or make one, and the tests start theirs on
//! loopback, from a temporary folder.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::steps::say;

/// Names a folder with `mariadbd` and `mariadb-install-db`.
pub const MARIADB_FOLDER: &str = "SWINGBRIDGE_TEST_MARIADB";
/// Names a folder with `postgres` and `initdb`.
pub const POSTGRES_FOLDER: &str = "SWINGBRIDGE_TEST_POSTGRES";

/// The programs that are started for tests, and must be gone afterwards.
pub const SERVERS: [&str; 2] = ["mariadbd", "postgres"];

/// Debian's packages: without recommendations, and none that makes a cluster or a service for others.
const PACKAGES: [&str; 2] = ["mariadb-server", "postgresql"];

/// What Debian's packages ask before they start a service: no.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// What to type where nothing can be installed.
const ADVICE: &str = "Type one of:\n  sudo apt-get install --no-install-recommends mariadb-server postgresql      (Debian, \
    Ubuntu)\n  sudo dnf install mariadb-server postgresql-server      (Fedora)\n  brew install mariadb postgresql      \
    (macOS)\nor name the folders of their programs in SWINGBRIDGE_TEST_MARIADB and SWINGBRIDGE_TEST_POSTGRES. No server has \
    to run: the tests start their own.";

/// MariaDB's programs.
#[derive(Debug, Clone)]
pub struct MariaDb {
    /// The server.
    pub server: PathBuf,
    /// Makes a data folder.
    pub install: PathBuf,
}

/// PostgreSQL's programs.
#[derive(Debug, Clone)]
pub struct Postgres {
    /// The server.
    pub server: PathBuf,
    /// Makes a data folder.
    pub initdb: PathBuf,
}

impl MariaDb {
    /// Where they are.
    ///
    /// # Errors
    /// What to type.
    pub fn find() -> Result<Self> {
        let folders = folders(MARIADB_FOLDER, &["/usr/sbin", "/usr/bin", "/usr/local/sbin"]);
        match (program("mariadbd", &folders), program("mariadb-install-db", &folders)) {
            (Some(server), Some(install)) => Ok(Self { server, install }),
            _ => bail!("MariaDB's programs mariadbd and mariadb-install-db are not here. {ADVICE}"),
        }
    }
}

impl Postgres {
    /// Where they are; the newest, if there are several.
    ///
    /// # Errors
    /// What to type.
    pub fn find() -> Result<Self> {
        let mut places = debian_versions();
        places.extend(["/usr/local/bin".into(), "/usr/bin".into()]);
        let mut folders = folders(POSTGRES_FOLDER, &[]);
        folders.extend(places);
        // Both from one folder: two versions do not go together.
        let both = folders.iter().map(|folder| (folder.join("postgres"), folder.join("initdb")));
        let found = both.into_iter().find(|(server, initdb)| server.is_file() && initdb.is_file());
        match found {
            Some((server, initdb)) => Ok(Self { server, initdb }),
            None => bail!("PostgreSQL's programs postgres and initdb are not here. {ADVICE}"),
        }
    }
}

/// Finds both, or installs what is missing.
///
/// # Errors
/// What to type.
pub fn require() -> Result<()> {
    let missing = || MariaDb::find().err().or_else(|| Postgres::find().err());
    if missing().is_none() {
        return Ok(());
    }
    if let Some(apt) = apt_get() {
        say("    MariaDB and PostgreSQL are installed, for the tests to start their own");
        install(&apt);
    }
    missing().map_or(Ok(()), Err)
}

/// How packages are installed here: as root, or by a sudo that asks nothing.
fn apt_get() -> Option<Vec<&'static str>> {
    Path::new("/usr/bin/apt-get").is_file().then_some(())?;
    if succeeds(Command::new("id").arg("-u"), "0") {
        return Some(vec!["apt-get"]);
    }
    succeeds(Command::new("sudo").args(["-n", "id", "-u"]), "0")
        .then_some(vec!["sudo", "-n", "apt-get"])
}

/// Whatever goes wrong is said by apt-get itself; what is still missing afterwards, by the caller.
fn install(apt_get: &[&str]) {
    let sudo = &apt_get[..apt_get.len() - 1];
    let command = |words: &[&str]| {
        let all: Vec<&str> = sudo.iter().chain(words).copied().collect();
        let mut command = Command::new(all[0]);
        command.args(&all[1..]).stdin(Stdio::null());
        command
    };
    let quiet = ["DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-qq"];
    let had_policy = Path::new(POLICY).exists();
    if !had_policy {
        // 101 is how a policy says no; without one a package starts its service where there is an init.
        let no = format!("printf '#!/bin/sh\\nexit 101\\n' > {POLICY} && chmod 755 {POLICY}");
        drop(command(&["sh", "-c", &no]).status());
        // No cluster is made either.
        let none = "mkdir -p /etc/postgresql-common && test -e /etc/postgresql-common/createcluster.conf || echo \
                    'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf";
        drop(command(&["sh", "-c", none]).status());
    }
    drop(command(&[&["env"], &quiet[..], &["update"]].concat()).status());
    let wanted =
        [&["env"], &quiet[..], &["install", "--no-install-recommends"], &PACKAGES].concat();
    drop(command(&wanted).status());
    if !had_policy {
        drop(command(&["rm", "-f", POLICY]).status());
    }
}

fn succeeds(command: &mut Command, answer: &str) -> bool {
    command.stdin(Stdio::null()).stderr(Stdio::null()).output().is_ok_and(|output| {
        output.status.success() && String::from_utf8_lossy(&output.stdout).trim() == answer
    })
}

/// The folder that a variable names and no other, or the search path and the usual ones.
fn folders(variable: &str, usual: &[&str]) -> Vec<PathBuf> {
    if let Some(folder) = env::var_os(variable) {
        return vec![folder.into()];
    }
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).chain(usual.iter().map(PathBuf::from)).collect()
}

fn program(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    folders.iter().map(|folder| folder.join(name)).find(|candidate| candidate.is_file())
}

/// Debian keeps each version's programs in a folder of its own, outside the search path. Newest first.
fn debian_versions() -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            Some((path.file_name()?.to_str()?.parse().ok()?, path.join("bin")))
        })
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, folder)| folder).collect()
}

#[cfg(test)]
mod tests {
    use super::program;

    #[test]
    fn a_program_is_taken_from_the_first_folder_that_has_it() {
        let (one, two) = (tempfile("one"), tempfile("two"));
        std::fs::write(two.join("mariadbd"), "").expect("written");
        let folders = [one.clone(), two.clone()];
        assert_eq!(program("mariadbd", &folders), Some(two.join("mariadbd")));
        std::fs::write(one.join("mariadbd"), "").expect("written");
        assert_eq!(program("mariadbd", &folders), Some(one.join("mariadbd")));
        assert_eq!(program("postgres", &folders), None);
        for folder in folders {
            std::fs::remove_dir_all(folder).expect("cleared away");
        }
    }

    fn tempfile(name: &str) -> std::path::PathBuf {
        let folder =
            std::env::temp_dir().join(format!("xtask-databases-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    }
}
