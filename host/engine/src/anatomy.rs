//! What a file is, before anything of it is compiled: a component or not, how large, and of how many parts.
//!
//! A parser of the WebAssembly project walks over it; what it does not understand is refused here, in words.

use wasmparser::{Parser, Payload};

use crate::limits::Limits;
use crate::module::LoadError;

/// The parts of a component, nested ones included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Anatomy {
    /// The file, in bytes.
    pub bytes: usize,
    /// Core modules.
    pub core_modules: usize,
    /// Components inside it.
    pub nested: usize,
    /// Functions of all core modules.
    pub functions: usize,
    /// What the component itself imports, by name.
    pub imports: Vec<String>,
    /// What the component itself exports, by name.
    pub exports: Vec<String>,
}

impl Anatomy {
    /// Walks over a file.
    ///
    /// # Errors
    /// [`LoadError::Bytes`] if it is too large, no component, broken, or of more parts than are allowed.
    pub fn of(bytes: &[u8], most: usize) -> Result<Self, LoadError> {
        let refuse = |text: String| Err(LoadError::Bytes(text));
        let broken = |error: wasmparser::BinaryReaderError| {
            let (offset, what) = (error.offset(), error.message());
            LoadError::Bytes(format!("it is broken at byte {offset}: {what}"))
        };
        if bytes.len() > most {
            return refuse(format!("it has {} bytes; {most} are allowed", bytes.len()));
        }
        match bytes.get(..8) {
            Some([0, b'a', b's', b'm', 0x0d, 0, 1, 0]) => {}
            Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => {
                let text = "it is a core module; link it as a component (wasm-component-ld does)";
                return refuse(text.to_owned());
            }
            _ => return refuse("it does not begin like a component".to_owned()),
        }
        let mut anatomy = Self { bytes: bytes.len(), ..Self::default() };
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(bytes) {
            anatomy.count(&payload.map_err(broken)?, &mut depth).map_err(broken)?;
            let over = [
                ("core modules", anatomy.core_modules, Limits::CORE_MODULES),
                ("components inside it", anatomy.nested, Limits::NESTED),
                ("functions", anatomy.functions, Limits::FUNCTIONS),
            ];
            if let Some((what, has, most)) = over.into_iter().find(|(_, has, most)| has > most) {
                return refuse(format!("it has {has} {what} or more; {most} are allowed"));
            }
        }
        Ok(anatomy)
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "what is not counted is of no matter")]
    fn count(&mut self, payload: &Payload<'_>, depth: &mut usize) -> wasmparser::Result<()> {
        match payload {
            Payload::Version { .. } => *depth += 1,
            Payload::End(_) => *depth = depth.saturating_sub(1),
            Payload::ModuleSection { .. } => self.core_modules += 1,
            Payload::ComponentSection { .. } => self.nested += 1,
            Payload::FunctionSection(section) => {
                self.functions += usize::try_from(section.count()).unwrap_or(usize::MAX);
            }
            Payload::ComponentImportSection(section) if *depth == 1 => {
                for import in section.clone() {
                    self.imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if *depth == 1 => {
                for export in section.clone() {
                    self.exports.push(export?.name.name.to_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether it has the exports of a policy.
    #[must_use]
    pub fn is_of_policies(&self) -> bool {
        self.exports.iter().any(|name| name.starts_with(crate::contract::POLICY))
    }
}

#[cfg(test)]
mod tests {
    use super::Anatomy;
    use crate::module::LoadError;

    fn refusal(bytes: &[u8]) -> String {
        match Anatomy::of(bytes, 1 << 20) {
            Err(LoadError::Bytes(text)) => text,
            other => panic!("it should be refused: {other:?}"),
        }
    }

    #[test]
    fn what_is_no_component_is_told_apart() {
        assert!(refusal(b"").contains("does not begin like a component"));
        assert!(refusal(b"\0asm\x01\0\0\0").contains("core module"));
        assert!(refusal(b"\0asm\x0d\0\x01\0\xff").contains("broken at byte"));
        assert!(refusal(&[0; (1 << 20) + 1]).contains("1048576 are allowed"));
    }
}
