//! What must be true: of each commit and each effect as it happens ([`watch`]), and of everything when the faults have
//! stopped ([`settled`]).

pub mod settled;
pub mod watch;
