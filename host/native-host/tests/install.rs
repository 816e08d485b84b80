//! `kagibashi install` and `uninstall`, by the real program in a home of the
//! test's.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod home;

use std::fs;
use std::process::{Command, Output, Stdio};

use home::Home;
use kagibashi_card_simulator::pcscd::namespace;
use serde_json::Value;

const CHROMIUM: &str = ".config/chromium/NativeMessagingHosts/jp.kagibashi.host.json";

#[test]
fn uninstall_leaves_nothing_behind() {
    let home = Home::with_chromium();
    let before = home.listing();
    home.done(&["install"]);
    let installed = home.read(CHROMIUM);
    home.done(&["install"]);
    assert_eq!(home.read(CHROMIUM), installed, "once is enough");
    let rehearsal = home.done(&["uninstall", "--dry-run"]);
    assert!(rehearsal.contains(CHROMIUM), "{rehearsal}");
    assert_eq!(home.read(CHROMIUM), installed);

    // What remains of use: a log, and a decision of the person.
    home.write(".local/state/kagibashi/kagibashi.2026-11-23.log", "");
    home.write(".config/kagibashi/grants.json", "{}");
    let told = home.done(&["uninstall"]);
    assert!(
        told.contains(CHROMIUM) && told.contains("--purge"),
        "{told}"
    );
    let grants = [".config/kagibashi", ".config/kagibashi/grants.json"];
    let left: Vec<_> = home.listing().difference(&before).cloned().collect();
    assert_eq!(left, grants);
    home.done(&["uninstall", "--purge"]);
    assert_eq!(home.listing(), before);
    home.done(&["uninstall"]);
    assert_eq!(home.listing(), before);
}

#[test]
fn the_registered_program_answers_our_extension() {
    let home = Home::with_chromium();
    home.done(&["install", "--browser", "chromium"]);
    let manifest: Value = serde_json::from_str(&home.read(CHROMIUM)).unwrap();
    let host = Command::new(manifest["path"].as_str().unwrap())
        .arg(manifest["allowed_origins"][0].as_str().unwrap())
        .env("HOME", home.path(""))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (length, rest) = host.stdout.split_first_chunk().unwrap();
    let first = &rest[..u32::from_ne_bytes(*length) as usize];
    let hello: Value = serde_json::from_slice(first).unwrap();
    assert_eq!(hello["type"], "hello");
}

#[test]
fn a_profile_of_its_own_gets_one_manifest() {
    let home = Home::new();
    let folder = home.path("profile/NativeMessagingHosts");
    for (kind, key) in [
        ("chromium", "allowed_origins"),
        ("firefox", "allowed_extensions"),
    ] {
        let arguments = ["--manifest-dir", folder.to_str().unwrap(), "--kind", kind];
        home.done(&[&["install"][..], &arguments].concat());
        let file = "profile/NativeMessagingHosts/jp.kagibashi.host.json";
        let manifest: Value = serde_json::from_str(&home.read(file)).unwrap();
        assert!(manifest[key].is_array(), "{manifest}");
        home.done(&[&["uninstall"][..], &arguments].concat());
        assert!(!home.path(file).exists());
    }
    assert!(!home.path(".config").exists(), "no browser was touched");
}

/// A script that may mount what it likes, with the program as its name.
fn in_a_namespace(script: &str) -> Output {
    let home = Home::with_chromium();
    namespace()
        .args(["sh", "-c", script])
        .arg(home.program())
        .env("HOME", home.path(""))
        .env("LC_ALL", "ja_JP.UTF-8")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_DATA_HOME")
        .env_remove("XDG_STATE_HOME")
        .output()
        .unwrap()
}

/// On a disk without room a file can be made, but nothing written into it.
#[test]
fn a_full_disk_leaves_nothing_half_written() {
    const SCRIPT: &str = r#"
        set -e
        mount -t tmpfs -o size=64k none "$HOME/.config/chromium"
        cd "$HOME/.config/chromium"
        mkdir NativeMessagingHosts
        echo '{}' > 'Local State'
        cat /dev/zero > full 2> /dev/null || true
        "$0" install --browser chromium || echo "failed: $?"
        ls -A NativeMessagingHosts
        rm full
        "$0" install --browser chromium > /dev/null
        ls -A NativeMessagingHosts
    "#;
    let output = in_a_namespace(SCRIPT);
    let errors = String::from_utf8_lossy(&output.stderr);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{errors}");
    assert!(errors.contains("NativeMessagingHosts"), "{errors}");
    let lines: Vec<_> = told.lines().rev().take(2).collect();
    assert_eq!(lines, ["jp.kagibashi.host.json", "failed: 5"], "{told}");
}

/// Nor is there room to note what was made.
#[test]
fn a_full_home_is_left_as_it_was() {
    const SCRIPT: &str = r#"
        set -e
        mount -t tmpfs -o size=64k none "$HOME"
        mkdir -p "$HOME/.config/chromium"
        echo '{}' > "$HOME/.config/chromium/Local State"
        before="$(find "$HOME" | sort)"
        cat /dev/zero > "$HOME/full" 2> /dev/null || true
        "$0" install --browser chromium || echo "failed: $?"
        rm "$HOME/full"
        test "$(find "$HOME" | sort)" = "$before" || find "$HOME"
        "$0" install --browser chromium > /dev/null
        "$0" uninstall > /dev/null
        test "$(find "$HOME" | sort)" = "$before" || find "$HOME"
    "#;
    let output = in_a_namespace(SCRIPT);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "failed: 5\n");
}

#[test]
fn what_cannot_be_done_is_told() {
    let home = Home::with_chromium();
    let usage: [&[&str]; 5] = [
        &["install", "--browser", "netscape"],
        &["install", "--manifest-dir", "x"],
        &["install", "--kind", "chromium"],
        &[
            "install",
            "--manifest-dir",
            "x",
            "--kind",
            "chromium",
            "--system",
        ],
        &["uninstall", "--purge", "--browser", "chromium"],
    ];
    for arguments in usage {
        assert_eq!(home.run(arguments).status.code(), Some(2), "{arguments:?}");
    }

    // Nobody can make a folder below a file.
    let folder = ".config/chromium/NativeMessagingHosts";
    home.write(folder, "");
    let output = home.run(&["install", "--browser", "chromium"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(5), "{told}");
    assert!(told.contains(folder), "{told}");
    fs::remove_file(home.path(folder)).unwrap();
    home.done(&["install", "--browser", "chromium"]);
}
