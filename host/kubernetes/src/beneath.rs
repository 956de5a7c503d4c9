//! Reading a file beneath a folder, whoever changes what lies there meanwhile: links are followed by name first, and then
//! the file is opened part by part without following any, so that what is opened is what was found.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use rustix::fs::{Mode, OFlags, open, openat};
use zeroize::Zeroizing;

/// How a folder on the way is opened: to go through it is enough.
#[cfg(target_os = "linux")]
const THROUGH: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const THROUGH: OFlags = OFlags::RDONLY;

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A file with this in it.
    Contents(Zeroizing<Vec<u8>>),
    /// Something outside the folder.
    Elsewhere,
    /// No file, or a larger one.
    NoFile,
}

/// Reads a file of at most so many bytes. `inside` begins at the folder. It blocks, but waits for nobody.
///
/// # Errors
/// The operating system's.
pub(crate) fn read(folder: &Path, inside: &Path, largest: u64) -> io::Result<Found> {
    // Kubernetes renews a mount by turning a link: who looks just then finds everything at the second look.
    once(folder, inside, largest).or_else(|_| once(folder, inside, largest))
}

fn once(folder: &Path, inside: &Path, largest: u64) -> io::Result<Found> {
    let folder = folder.canonicalize()?;
    let real = folder.join(inside).canonicalize()?;
    match real.strip_prefix(&folder) {
        Ok(inside) => contents(&folder, inside, largest),
        Err(_) => Ok(Found::Elsewhere),
    }
}

/// What is in a file, on the way to which there is no link.
fn contents(folder: &Path, inside: &Path, largest: u64) -> io::Result<Found> {
    let mut parts: Vec<_> = inside.iter().collect();
    let Some(name) = parts.pop() else { return Ok(Found::NoFile) };
    let through = THROUGH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut at = open(folder, through, Mode::empty())?;
    for part in parts {
        at = openat(&at, part, through, Mode::empty())?;
    }
    // A pipe would be waited for, and a terminal taken over.
    let calmly = OFlags::NONBLOCK | OFlags::NOCTTY;
    let reading = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | calmly;
    let file = File::from(openat(&at, name, reading, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Ok(Found::NoFile);
    }
    let mut contents = Zeroizing::new(Vec::new());
    file.take(largest + 1).read_to_end(&mut contents)?;
    Ok(if contents.len() as u64 > largest { Found::NoFile } else { Found::Contents(contents) })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::{Found, contents, read};

    #[test]
    fn what_became_a_link_after_it_was_found_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        std::fs::create_dir_all(root.join("real")).unwrap();
        std::fs::write(folder.path().join("secret"), "hunter2").unwrap();
        std::fs::write(root.join("real/secret"), "ca").unwrap();
        symlink(folder.path().join("secret"), root.join("file")).unwrap();
        symlink(folder.path(), root.join("folder")).unwrap();
        assert!(contents(&root, Path::new("file"), 9).is_err());
        assert!(contents(&root, Path::new("folder/secret"), 9).is_err());
        assert!(matches!(contents(&root, Path::new("real/secret"), 9), Ok(Found::Contents(_))));
        assert_eq!(read(&root, Path::new("folder/secret"), 9).unwrap(), Found::Elsewhere);
    }
}
