//! How the files on a token are arranged, which whoever set it up decides.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An arrangement of files that a driver can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Layout {
    /// PKCS#15 v1.1 (ISO/IEC 7816-15), as OpenSC writes it.
    Pkcs15,
    /// The arrangement of Feitian's own software, by the name of its directory.
    Espk,
}

/// `PKCS#15` or `ENTERSAFE-ESPK`.
impl fmt::Display for Layout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Pkcs15 => "PKCS#15",
            Self::Espk => "ENTERSAFE-ESPK",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_called_as_their_makers_call_them() {
        assert_eq!(Layout::Pkcs15.to_string(), "PKCS#15");
        assert_eq!(Layout::Espk.to_string(), "ENTERSAFE-ESPK");
    }
}
