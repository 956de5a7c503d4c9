//! The files of a configuration as layers. The original's keys in a file stand below the file's own.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::fault::Fault;
use super::key::nearest;
use super::layers::Layer;
use super::original::{self, Translated};
use super::table::{self, KEYS};
use super::yaml::{self, Leaf};

/// The names that are looked for: what is local to a machine is over what many share.
const NAMES: [&str; 2] = ["swingbridge.yml", "swingbridge-local.yml"];

/// The layers of every file that is there, the weakest first: the shared files of all folders, then the local ones.
pub(crate) fn layers(
    folders: &[PathBuf],
    notes: &mut Vec<String>,
    faults: &mut Vec<Fault>,
) -> Vec<Layer> {
    let mut layers = Vec::new();
    for name in NAMES {
        for path in folders.iter().map(|folder| folder.join(name)) {
            match std::fs::read_to_string(&path) {
                Ok(text) => layers.extend(of_text(&path, &text, notes, faults)),
                Err(error)
                    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
                Err(error) => {
                    faults.push(Fault::File {
                        file: path.display().to_string(),
                        reason: error.to_string(),
                    });
                }
            }
        }
    }
    layers
}

fn of_text(
    path: &Path,
    text: &str,
    notes: &mut Vec<String>,
    faults: &mut Vec<Fault>,
) -> [Layer; 2] {
    let file = path.display().to_string();
    let mut translated = Layer::named(file.clone());
    let mut own = Layer::named(file.clone());
    match yaml::leaves(text) {
        Err(reason) => faults.push(Fault::File { file, reason }),
        Ok(leaves) => {
            for leaf in leaves {
                let place = format!("{file}, line {}", leaf.line);
                let taken = match original::of_the_original(&leaf.name) {
                    Some(inner) => take_translated(inner, &leaf, &place, &mut translated, notes),
                    None => take(leaf, &place, &mut own),
                };
                faults.extend(taken.err());
            }
        }
    }
    [translated, own]
}

fn take(leaf: Leaf, place: &str, layer: &mut Layer) -> Result<(), Fault> {
    let Some(key) = table::find(&leaf.name) else {
        return Err(Fault::Unknown {
            place: place.to_owned(),
            nearest: nearest(&leaf.name, KEYS.iter().map(|key| key.name)).map(str::to_owned),
            name: leaf.name,
        });
    };
    if layer.set(key, leaf.value, place) {
        return Err(Fault::Twice { place: place.to_owned(), name: leaf.name });
    }
    Ok(())
}

fn take_translated(
    inner: &str,
    leaf: &Leaf,
    place: &str,
    layer: &mut Layer,
    notes: &mut Vec<String>,
) -> Result<(), Fault> {
    let listen = table::find("agents.listen")
        .and_then(|key| {
            Some((layer.get(key).and_then(|value| value.as_str()).or(key.default)?).to_owned())
        })
        .unwrap_or_default();
    let (host, port) = listen.rsplit_once(':').unwrap_or((&listen, ""));
    match original::translate(inner, leaf, place, (host, port.parse().unwrap_or(9091)))? {
        Translated::Nothing(why) => {
            notes.push(format!("{place}: {} sets nothing: {why}", leaf.name));
        }
        Translated::To(pairs) => {
            for (name, value) in pairs {
                let Some(key) = table::find(name) else { continue };
                notes.push(format!("{place}: {} is read as {name}", leaf.name));
                layer.set(key, value, place);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> ([Layer; 2], Vec<String>, Vec<Fault>) {
        let (mut notes, mut faults) = (Vec::new(), Vec::new());
        let layers = of_text(Path::new("swingbridge.yml"), text, &mut notes, &mut faults);
        (layers, notes, faults)
    }

    #[test]
    fn an_unknown_key_names_its_file_its_line_and_the_nearest() {
        let (_, _, faults) = read("agents:\n  grace: 5s\n  timout: 5s\n");
        assert_eq!(faults.len(), 1);
        assert_eq!(
            faults[0].to_string(),
            "swingbridge.yml, line 3: agents.timout is not known; is agents.timeout meant?"
        );
    }

    #[test]
    fn a_key_set_twice_is_an_error() {
        let (_, _, faults) = read("agents.grace: 5s\nagents:\n  grace: 6s\n");
        assert!(matches!(&faults[..], [Fault::Twice { .. }]), "{faults:?}");
    }

    #[test]
    fn the_originals_host_and_port_make_one_address() {
        let ([translated, _], notes, faults) =
            read("kubesvc:\n  grpc:\n    server:\n      address: '*'\n      port: 9095\n");
        assert_eq!(faults, []);
        assert_eq!(notes.len(), 2);
        let listen = table::find("agents.listen").expect("a key");
        assert_eq!(translated.get(listen).and_then(|value| value.as_str()), Some("0.0.0.0:9095"));
    }

    #[test]
    fn both_prefixes_of_the_original_are_understood_and_noted() {
        for prefix in ["kubesvc", "armory.kubesvc"] {
            let (_, notes, faults) =
                read(&format!("{prefix}:\n  dynamicAccounts:\n    maxRetries: 3\n"));
            assert_eq!(faults, []);
            assert_eq!(
                notes,
                [format!(
                    "swingbridge.yml, line 3: {prefix}.dynamicAccounts.maxRetries is read as retry.max"
                )]
            );
        }
    }
}
