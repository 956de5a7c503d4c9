//! Which files are read, and that none is waited for or shown.

use std::os::unix::fs::symlink;

use super::{Files, LARGEST, LONGEST, Named};
use crate::faults::Outcome;

async fn read(files: &Files, field: &'static str, path: &str) -> Outcome<Vec<u8>> {
    files.read(&Named::read(field, path)?).await.map(|contents| contents.to_vec())
}

#[tokio::test]
async fn a_file_is_read_under_the_root_only_whatever_links_lead_there() {
    let folder = tempfile::tempdir().unwrap();
    let (root, outside) = (folder.path().join("root"), folder.path().join("secret"));
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("ca"), "ca").unwrap();
    std::fs::write(&outside, "hunter2").unwrap();
    symlink(&outside, root.join("link")).unwrap();
    symlink("../secret", root.join("relative")).unwrap();
    symlink(folder.path(), root.join("folder")).unwrap();
    symlink(root.join("ca"), root.join("inner")).unwrap();
    let files = Files::under(Some(root.clone()));
    let read = async |path: &str| read(&files, "certificate-authority", path).await;
    for inside in ["ca", "inner", "./ca", "folder/../ca", root.join("ca").to_str().unwrap()] {
        assert_eq!(read(inside).await.unwrap(), *b"ca", "{inside}");
    }
    let out = outside.to_str().unwrap();
    for elsewhere in ["link", "relative", "folder/secret", "../secret", out, "/etc/passwd"] {
        let text = read(elsewhere).await.unwrap_err().text;
        assert!(text.contains("not under agent.files.root"), "{elsewhere}: {text}");
        assert!(text.contains("certificate-authority") && !text.contains("secret"), "{text}");
    }
    assert!(read("none").await.unwrap_err().text.contains("cannot be read"));
}

#[tokio::test]
async fn a_mount_of_kubernetes_is_read_through_its_links() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (version, token) in [("..2026_1", "old"), ("..2026_2", "new")] {
        std::fs::create_dir(at(version)).unwrap();
        std::fs::write(at(version).join("token"), token).unwrap();
    }
    symlink("..2026_1", at("..data")).unwrap();
    symlink("..data/token", at("token")).unwrap();
    let files = Files::of_the_pod(folder.path().into());
    assert_eq!(read(&files, "tokenFile", "token").await.unwrap(), *b"old");
    symlink("..2026_2", at("..tmp")).unwrap();
    std::fs::rename(at("..tmp"), at("..data")).unwrap();
    std::fs::remove_dir_all(at("..2026_1")).unwrap();
    assert_eq!(read(&files, "tokenFile", "token").await.unwrap(), *b"new");
}

#[tokio::test]
async fn paths_in_a_kubeconfig_begin_at_its_folder_and_end_under_the_root() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir_all(root.join("eu")).unwrap();
    for (file, text) in [("root/ca", "other"), ("root/eu/ca", "eu"), ("secret", "hunter2")] {
        std::fs::write(folder.path().join(file), text).unwrap();
    }
    let kubeconfig = Named::read("kubeconfigFile", "eu/config").unwrap();
    let files = Files::under(Some(root)).beside(&kubeconfig);
    let read = async |path: &str| read(&files, "certificate-authority", path).await;
    assert_eq!(read("ca").await.unwrap(), *b"eu");
    assert_eq!(read("../ca").await.unwrap(), *b"other");
    let text = read("../../secret").await.unwrap_err().text;
    assert!(text.contains("not under agent.files.root"), "{text}");
}

#[tokio::test]
async fn a_folder_a_pipe_and_a_giant_are_no_files_and_nothing_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let giant = usize::try_from(LARGEST).unwrap() + 1;
    std::fs::write(folder.path().join("giant"), vec![b' '; giant]).unwrap();
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("pipe")).status();
    assert!(made.unwrap().success());
    let files = Files::under(Some(folder.path().into()));
    for odd in [".", "folder", "pipe", "giant"] {
        let text = read(&files, "tokenFile", odd).await.unwrap_err().text;
        assert!(text.contains("is no file"), "{odd}: {text}");
    }
}

#[tokio::test]
async fn without_a_root_no_file_is_read() {
    let text = read(&Files::under(None), "client-key", "ca").await.unwrap_err().text;
    assert!(text.contains("this agent reads none"), "{text}");
}

#[test]
fn what_is_no_path_is_refused_and_not_shown() {
    let giant = "hunter2".repeat(LONGEST);
    for contents in ["apiVersion: v1\nhunter2", "{\"token\":\"hunter2\"}", "hunter2\0", &giant] {
        let text = Named::read("kubeconfigFile", contents).unwrap_err().text;
        assert!(text.contains("kubeconfigContents") && !text.contains("hunter2"), "{text}");
    }
    let named = Named::read("tokenFile", "hunter2").unwrap();
    assert_eq!(format!("{named:?}"), "Named(tokenFile, 7 bytes)");
}
