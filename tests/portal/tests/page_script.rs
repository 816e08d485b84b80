//! The page's own script, under Node's test runner.

use std::path::Path;
use std::process::Command;

#[test]
fn the_page_script_keeps_the_page_protocol() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web-eid-page.test.mjs");
    let output = Command::new("node")
        .arg("--test")
        .arg(tests)
        .output()
        .expect("this test needs Node 18 or newer as `node`");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    // Node calls a file without tests a success.
    assert!(!said.contains("pass 0\n"), "{said}");
}
