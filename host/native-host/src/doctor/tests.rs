//! The doctor on made-up computers with Linux. What needs a smart card service
//! is in `tests/doctor.rs`, with the real program.
#![cfg(target_os = "linux")]

mod card;
mod module;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;
use crate::identity::IDENTITY;
use crate::install::made_up::MadeUp;
use crate::install::{InstallArgs, Targets};
use crate::manifest::Kind;

const CHROMIUM: &str = "home/山田/.config/chromium/NativeMessagingHosts/jp.kagibashi.host.json";
const CHROMIUM_SYSTEM: &str = "etc/chromium/native-messaging-hosts/jp.kagibashi.host.json";
const FIREFOX: &str = "home/山田/.mozilla/native-messaging-hosts/jp.kagibashi.host.json";
const PROFILE: &str = "home/山田/.config/chromium/Default/Preferences";

/// A computer with Chromium and this program on it.
fn computer() -> MadeUp {
    let mut made_up = MadeUp::with(&["usr/bin/chromium", "opt/鍵橋/kagibashi"]);
    made_up.computer.program = made_up.path("opt/鍵橋/kagibashi");
    fs::set_permissions(&made_up.computer.program, fs::Permissions::from_mode(0o755)).unwrap();
    made_up
}

/// Ids and places, without those that hold of every computer here.
fn found(made_up: &MadeUp) -> Vec<(&'static str, String)> {
    browser::look(&made_up.computer)
        .iter()
        .map(|observation| {
            (
                observation.finding.id,
                observation.at.clone().unwrap_or_default(),
            )
        })
        .filter(|(id, _)| !["browser-found", "extension-unknown-not-started"].contains(id))
        .collect()
}

fn ids(made_up: &MadeUp) -> Vec<&'static str> {
    found(made_up).into_iter().map(|(id, _)| id).collect()
}

#[test]
fn each_fault_of_a_registration_is_told() {
    let made_up = computer();
    let program = made_up.computer.program.to_str().unwrap().to_owned();
    let other = made_up.path("opt/other");
    fs::write(&other, "").unwrap();
    let right = Kind::Chromium.render(&made_up.computer.program).unwrap();
    let with_path = |path: &str| right.replace(&program, path);
    let cases = [
        (right.clone(), "registration-ok"),
        ("{".to_owned(), "registration-damaged"),
        (
            right.replace("jp.kagibashi.host", "com.example"),
            "registration-foreign",
        ),
        (right.replace("stdio", "pkcs11"), "registration-refused"),
        (
            right.replace(&IDENTITY.chromium_id, "abcdefghijklmnop"),
            "registration-wrong-extension",
        ),
        (
            Kind::Firefox.render(Path::new(&program)).unwrap(),
            "registration-wrong-extension",
        ),
        (with_path("/nonexistent"), "registration-program-missing"),
        (
            with_path("opt/鍵橋/kagibashi"),
            "registration-program-missing",
        ),
        (
            with_path(other.to_str().unwrap()),
            "registration-program-not-executable",
        ),
        (with_path("/bin/sh"), "registration-other-program"),
    ];
    assert_eq!(
        found(&made_up),
        [("registration-missing", "Chromium".to_owned())]
    );
    for (text, id) in cases {
        made_up.write(CHROMIUM, &text);
        let expected = [(id, "Chromium".to_owned())];
        assert_eq!(found(&made_up), expected, "{text}");
        // The same file for everybody counts only without the person's own.
        made_up.write(CHROMIUM_SYSTEM, &right);
        assert_eq!(found(&made_up), expected, "{text}");
        fs::rename(made_up.path(CHROMIUM), made_up.path(CHROMIUM_SYSTEM)).unwrap();
        assert_eq!(found(&made_up), expected, "{text}");
        fs::remove_file(made_up.path(CHROMIUM_SYSTEM)).unwrap();
    }
    fs::create_dir_all(made_up.path(CHROMIUM)).unwrap();
    assert_eq!(ids(&made_up), ["registration-unreadable"]);
}

#[test]
fn a_link_to_this_program_is_this_program() {
    let made_up = computer();
    let link = made_up.path("kagibashi");
    std::os::unix::fs::symlink(&made_up.computer.program, &link).unwrap();
    made_up.write(CHROMIUM, &Kind::Chromium.render(&link).unwrap());
    assert_eq!(ids(&made_up), ["registration-ok"]);
}

#[test]
fn firefox_refuses_what_chromium_needs() {
    let mut made_up = MadeUp::with(&["usr/bin/firefox", "opt/kagibashi"]);
    made_up.computer.program = made_up.path("opt/kagibashi");
    fs::set_permissions(&made_up.computer.program, fs::Permissions::from_mode(0o755)).unwrap();
    let right = Kind::Firefox.render(&made_up.computer.program).unwrap();
    made_up.write(FIREFOX, &right);
    assert_eq!(ids(&made_up), ["registration-ok"]);
    made_up.write(
        FIREFOX,
        &right.replace("\"type\"", "\"allowed_origins\": [], \"type\""),
    );
    assert_eq!(ids(&made_up), ["registration-refused"]);
}

#[test]
fn what_install_writes_is_good() {
    let made_up = computer();
    made_up.write("opt/microsoft/msedge/msedge", "");
    made_up.write("usr/bin/firefox", "");
    for system in [false, true] {
        let targets = Targets {
            system,
            ..Targets::default()
        };
        made_up.install(&InstallArgs { targets }).unwrap();
        assert_eq!(ids(&made_up), ["registration-ok"; 3]);
    }
}

#[test]
fn browsers_in_boxes_are_told_apart() {
    let cases: [(&[&str], &[&str]); 4] = [
        (&[], &["browser-none"]),
        (&["snap/chromium/current/x"], &["browser-only-sandboxed"]),
        (
            &[
                "var/lib/flatpak/app/org.mozilla.firefox/x",
                "usr/bin/chromium",
            ],
            &["browser-sandboxed", "registration-missing"],
        ),
        (
            &["snap/firefox/current/x"],
            &["browser-asks-permission", "registration-missing"],
        ),
    ];
    for (files, expected) in cases {
        assert_eq!(ids(&MadeUp::with(files)), expected, "{files:?}");
    }
}

/// Preferences with our extension's entry, as Chromium writes them.
fn preferences(entry: &str) -> String {
    format!(
        r#"{{"extensions": {{"settings": {{"{}": {entry}}}}}}}"#,
        IDENTITY.chromium_id
    )
}

fn extension(made_up: &MadeUp) -> Vec<&'static str> {
    browser::look(&made_up.computer)
        .iter()
        .map(|observation| observation.finding.id)
        .filter(|id| id.starts_with("extension"))
        .collect()
}

#[test]
fn the_extension_is_found_in_any_profile_of_chromium() {
    let cases = [
        (
            r#"{"location": 8, "path": "/x", "disable_reasons": []}"#,
            "extension-ok",
        ),
        (
            r#"{"location": 1, "path": "/x", "state": 1, "disable_reasons": 0}"#,
            "extension-ok",
        ),
        (
            r#"{"path": "/x", "disable_reasons": [1]}"#,
            "extension-disabled",
        ),
        (
            r#"{"path": "/x", "disable_reasons": 8192}"#,
            "extension-disabled",
        ),
        (r#"{"path": "/x", "state": 0}"#, "extension-disabled"),
        (r#"{"location": 6, "state": 2}"#, "extension-missing"),
        ("null", "extension-missing"),
        ("}", "extension-unknown-unreadable"),
    ];
    for (entry, id) in cases {
        let made_up = computer();
        made_up.write(PROFILE, &preferences(entry));
        assert_eq!(extension(&made_up), [id], "{entry}");
        // Where Chromium protects its list with a code, it is in another file.
        made_up.write(
            &PROFILE.replace("Preferences", "Secure Preferences"),
            &preferences(entry),
        );
        made_up.write(PROFILE, "{}");
        assert_eq!(extension(&made_up), [id], "{entry}");
        // One good profile is enough.
        let second = PROFILE.replace("Default", "Profile 1");
        made_up.write(&second, &preferences(r#"{"path": "/x"}"#));
        assert_eq!(extension(&made_up), ["extension-ok"], "{entry}");
    }
    assert_eq!(extension(&computer()), ["extension-unknown-not-started"]);
}

#[test]
fn the_extension_is_found_in_any_profile_of_firefox() {
    let addons = |active| {
        let id = &IDENTITY.firefox_id;
        format!(r#"{{"addons": [{{"id": "x"}}, {{"id": "{id}", "active": {active}}}]}}"#)
    };
    let cases = [
        (addons("true"), "extension-ok"),
        (addons("false"), "extension-disabled"),
        (r#"{"addons": []}"#.to_owned(), "extension-missing"),
        ("[]".to_owned(), "extension-unknown-unreadable"),
        (String::new(), "extension-unknown-unreadable"),
    ];
    for (extensions, id) in cases {
        let made_up = MadeUp::with(&["usr/bin/firefox"]);
        let folder = "home/山田/.mozilla/firefox";
        made_up.write(
            &format!("{folder}/profiles.ini"),
            "[Profile1]\nName=x\nIsRelative=1\nPath=never.used\n[Profile0]\nPath=abc.default-esr\n",
        );
        assert_eq!(extension(&made_up), ["extension-unknown-not-started"]);
        made_up.write(&format!("{folder}/abc.default-esr/prefs.js"), "");
        assert_eq!(extension(&made_up), ["extension-missing"]);
        made_up.write(
            &format!("{folder}/abc.default-esr/extensions.json"),
            &extensions,
        );
        assert_eq!(extension(&made_up), [id], "{extensions}");
    }
}

#[test]
fn one_browser_with_the_extension_is_enough() {
    let made_up = computer();
    made_up.write("home/山田/.config/google-chrome/Local State", "{}");
    made_up.write("home/山田/.config/google-chrome/Default/Preferences", "{}");
    made_up.write(PROFILE, "{}");
    assert_eq!(extension(&made_up), ["extension-missing"; 2]);
    made_up.write(PROFILE, &preferences(r#"{"path": "/x"}"#));
    assert_eq!(extension(&made_up), ["extension-elsewhere", "extension-ok"]);
}

#[test]
fn folders_are_tried_without_a_trace() {
    let made_up = computer();
    let before = made_up.listing();
    let found = |made_up: &MadeUp| -> Vec<_> {
        storage::look(&made_up.computer.folders)
            .iter()
            .map(|one| one.finding.id)
            .collect()
    };
    assert_eq!(found(&made_up), ["storage-ok"]);
    assert_eq!(made_up.listing(), before);
    // A file in the way stops root too.
    made_up.write("home/山田/.config/kagibashi", "");
    assert_eq!(found(&made_up), ["storage-not-writable"]);
}
