//! The native messaging host and command line of Kagibashi.
fn main() {}
