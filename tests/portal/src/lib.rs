//! A demo portal that verifies everything itself.
//!
//! [`verifier`] checks Web eID authentication tokens and document signatures
//! and knows nothing of HTTP; [`site`] is the HTTPS site around it;
//! [`server`] and [`server_certificate`] put the site on a TLS socket.

pub mod clock;
pub mod server;
pub mod server_certificate;
pub mod site;
pub mod verifier;
