//! Certificates and signatures out of a token.
