//! A PIN on its way through JSON.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserializer, Serializer};

/// Takes the PIN from the frame's own bytes into memory that is wiped.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<SecretString, D::Error> {
    struct Pin;

    impl serde::de::Visitor<'_> for Pin {
        type Value = SecretString;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("a PIN")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<SecretString, E> {
            Ok(SecretString::from(Box::<str>::from(text)))
        }
    }

    deserializer.deserialize_str(Pin)
}

/// Puts the PIN into a message; only for memory that is wiped as well.
pub(crate) fn serialize<S: Serializer>(
    pin: &SecretString,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(pin.expose_secret())
}
