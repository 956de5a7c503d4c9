//! Reads recorded calls from files: one a line, as `swingbridge record` writes them.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use host_core::record::Record;

/// Every record of these files, oldest first; `-` is standard input.
pub(crate) fn read(files: &[PathBuf]) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    for file in files {
        if file.as_os_str() == "-" {
            lines(BufReader::new(std::io::stdin()), "standard input", &mut records)?;
        } else {
            let opened = std::fs::File::open(file);
            let opened = opened.with_context(|| format!("{} cannot be read", file.display()))?;
            lines(BufReader::new(opened), &shown(file), &mut records)?;
        }
    }
    records.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(records)
}

fn shown(file: &Path) -> String {
    file.display().to_string()
}

fn lines(input: impl std::io::BufRead, name: &str, records: &mut Vec<Record>) -> Result<()> {
    for (number, line) in input.lines().enumerate() {
        let line = line.with_context(|| format!("{name} cannot be read"))?;
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str(&line) {
            Ok(record) => records.push(record),
            Err(error) => bail!(
                "line {} of {name} is no recorded call: {error} (`swingbridge record -o FILE` writes them)",
                number + 1
            ),
        }
    }
    Ok(())
}
