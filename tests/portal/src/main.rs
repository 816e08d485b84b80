//! A demo portal that verifies everything itself.
fn main() {}
