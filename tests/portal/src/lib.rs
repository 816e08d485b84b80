//! A demo portal that verifies everything itself.
//!
//! [`verifier`] checks Web eID authentication tokens and document signatures
//! and knows nothing of HTTP; [`site`] is the HTTPS site around it;
//! [`server`] and [`server_certificate`] put the site on a TLS socket.
#![cfg_attr(
    unix,
    doc = "[`tls_site`] is a second site, behind nginx, whose visitors present their certificate in the TLS handshake."
)]

pub mod clock;
pub mod server;
pub mod server_certificate;
pub mod site;
#[cfg(unix)]
pub mod tls_site;
pub mod verifier;
