//! The project's chores: demo, test, bench.
fn main() {}
