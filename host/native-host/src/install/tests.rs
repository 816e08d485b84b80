//! The installer on made-up computers with Linux.
#![cfg(target_os = "linux")]

mod modules;
mod policies;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};

use super::browsers::Browser;
use super::made_up::MadeUp;
use super::*;
use crate::identity::IDENTITY;
use crate::manifest::{Found, Kind};

fn of(browsers: &[Browser]) -> InstallArgs {
    InstallArgs {
        targets: Targets {
            browser: browsers.to_vec(),
            ..Targets::default()
        },
    }
}

fn for_everybody() -> Targets {
    Targets {
        system: true,
        ..Targets::default()
    }
}

const CHROMIUM: &str = "home/山田/.config/chromium/NativeMessagingHosts/jp.kagibashi.host.json";
const FIREFOX: &str = "home/山田/.mozilla/native-messaging-hosts/jp.kagibashi.host.json";

#[test]
fn each_browser_that_is_found_gets_its_manifest() {
    let home = "home/山田";
    let cases: &[(&[&str], &[&str])] = &[
        (&["usr/bin/chromium"], &[CHROMIUM]),
        (&["home/山田/.config/chromium/Local State"], &[CHROMIUM]),
        (&["usr/lib/firefox-esr/firefox-esr"], &[FIREFOX]),
        (
            &["home/山田/.config/mozilla/firefox/profiles.ini"],
            &[FIREFOX],
        ),
        (&["snap/firefox/current/x"], &[FIREFOX]),
        (
            &[
                "opt/google/chrome/chrome",
                "opt/brave.com/brave-nightly/brave",
            ],
            &[
                ".config/google-chrome/NativeMessagingHosts/jp.kagibashi.host.json",
                ".config/BraveSoftware/Brave-Browser-Nightly/NativeMessagingHosts/jp.kagibashi.host.json",
            ],
        ),
        (
            &["snap/chromium/current/x", "opt/microsoft/msedge/msedge"],
            &[".config/microsoft-edge/NativeMessagingHosts/jp.kagibashi.host.json"],
        ),
    ];
    for (files, manifests) in cases {
        let made_up = MadeUp::with(files);
        let before = made_up.listing();
        let report = made_up.install(&InstallArgs::default()).unwrap();
        let expected: Vec<_> = manifests
            .iter()
            .map(|manifest| {
                let path = if manifest.starts_with(home) {
                    PathBuf::from(manifest)
                } else {
                    Path::new(home).join(manifest)
                };
                (path, Deed::Created)
            })
            .collect();
        assert_eq!(made_up.deeds(&report), expected, "{files:?}");
        for entry in &report.entries {
            let text = fs::read(&entry.file).unwrap();
            let Found::Ours(manifest) = Found::of_host(&text) else {
                panic!("{entry:?}")
            };
            assert_eq!(manifest.path, "/opt/鍵橋/kagibashi");
        }
        made_up.uninstall(&UninstallArgs::default());
        assert_eq!(made_up.listing(), before, "{files:?}");
    }
}

#[test]
fn without_a_browser_that_works_nothing_is_written() {
    for files in [
        &[][..],
        &["snap/chromium/current/x", "home/山田/.mozilla/extensions/x"][..],
    ] {
        let made_up = MadeUp::with(files);
        // Ubuntu's package of that name starts the Snap.
        made_up.write(
            "usr/bin/chromium-browser",
            "#!/bin/sh\nexec /snap/bin/chromium \"$@\"\n",
        );
        let before = made_up.listing();
        let error = made_up.install(&InstallArgs::default()).unwrap_err();
        assert!(matches!(error, InstallError::NoBrowser), "{error:?}");
        assert_eq!(made_up.listing(), before);
    }
}

#[test]
fn a_browser_that_was_named_is_served_before_it_is_there() {
    let made_up = MadeUp::with(&["usr/bin/chromium"]);
    let before = made_up.listing();
    let report = made_up.install(&of(&[Browser::Firefox])).unwrap();
    assert_eq!(made_up.deeds(&report), [(FIREFOX.into(), Deed::Created)]);
    assert_eq!(
        made_up
            .deeds(&made_up.install(&of(&[Browser::Chromium])).unwrap())
            .len(),
        1
    );

    // One goes, the other stays with its folders, then all goes.
    let only_firefox = UninstallArgs {
        targets: of(&[Browser::Firefox]).targets,
        ..UninstallArgs::default()
    };
    let report = made_up.uninstall(&only_firefox);
    assert_eq!(made_up.deeds(&report), [(FIREFOX.into(), Deed::Removed)]);
    assert!(made_up.path(CHROMIUM).exists() && !made_up.path("home/山田/.mozilla").exists());
    made_up.uninstall(&UninstallArgs::default());
    assert_eq!(made_up.listing(), before);
}

#[test]
fn doing_it_twice_changes_nothing_and_an_old_one_is_replaced() {
    let made_up = MadeUp::with(&["usr/bin/chromium"]);
    made_up.install(&InstallArgs::default()).unwrap();
    let after_once = made_up.listing();
    let report = made_up.install(&InstallArgs::default()).unwrap();
    assert_eq!(made_up.deeds(&report), [(CHROMIUM.into(), Deed::Unchanged)]);
    assert_eq!(made_up.listing(), after_once);

    let old = Kind::Chromium.render(Path::new("/old/kagibashi")).unwrap();
    for (text, previous) in [
        (old.as_str(), "/old/kagibashi"),
        ("{ \"na", "読み取れない内容"),
    ] {
        made_up.write(CHROMIUM, text);
        let report = made_up.install(&InstallArgs::default()).unwrap();
        let replaced = Deed::Replaced {
            previous: previous.to_owned(),
        };
        assert_eq!(made_up.deeds(&report), [(CHROMIUM.into(), replaced)]);
        let text = fs::read_to_string(made_up.path(CHROMIUM)).unwrap();
        assert!(text.contains("/opt/鍵橋/kagibashi"), "{text}");
    }
}

#[test]
fn what_belongs_to_others_stays() {
    let made_up = MadeUp::with(&["usr/bin/chromium"]);
    let foreign = r#"{"name": "com.example.other", "path": "/x", "type": "stdio"}"#;
    made_up.write(CHROMIUM, foreign);
    made_up.write(
        "home/山田/.config/chromium/NativeMessagingHosts/com.example.json",
        foreign,
    );
    let before = made_up.listing();
    let left = Deed::LeftForeign {
        name: "com.example.other".to_owned(),
    };
    let report = made_up.install(&InstallArgs::default()).unwrap();
    assert_eq!(made_up.deeds(&report), [(CHROMIUM.into(), left.clone())]);
    let report = made_up.uninstall(&UninstallArgs {
        purge: true,
        ..UninstallArgs::default()
    });
    assert_eq!(made_up.deeds(&report), [(CHROMIUM.into(), left)]);
    assert_eq!(made_up.listing(), before);
    assert_eq!(fs::read_to_string(made_up.path(CHROMIUM)).unwrap(), foreign);
}

#[test]
fn folders_that_others_use_by_now_stay_and_ours_go() {
    let made_up = MadeUp::with(&["usr/bin/chromium"]);
    made_up.install(&InstallArgs::default()).unwrap();
    made_up.write("home/山田/.config/chromium/Local State", "{}");
    made_up.write(
        "home/山田/.local/state/kagibashi/kagibashi.2026-11-23.log",
        "a line",
    );
    made_up.write("home/山田/.config/kagibashi/grants.json", "{}");
    made_up.uninstall(&UninstallArgs::default());
    let files: Vec<_> = made_up
        .listing()
        .into_iter()
        .filter(|path| path.is_file())
        .collect();
    let expected = [
        "home/山田/.config/chromium/Local State",
        "home/山田/.config/kagibashi/grants.json",
        "usr/bin/chromium",
    ];
    assert_eq!(
        files,
        expected.map(|path| made_up.path(path)),
        "grants are kept"
    );
    assert!(!made_up.path("home/山田/.local").exists());

    made_up.uninstall(&UninstallArgs {
        purge: true,
        ..UninstallArgs::default()
    });
    assert!(!made_up.path(expected[1]).parent().unwrap().exists());
}

#[test]
fn a_rehearsal_tells_the_same_and_does_nothing() {
    let made_up = MadeUp::with(&["usr/bin/chromium", "usr/bin/firefox"]);
    let rehearsed = Targets {
        dry_run: true,
        ..Targets::default()
    };
    let before = made_up.listing();
    let plan = made_up
        .install(&InstallArgs {
            targets: rehearsed.clone(),
        })
        .unwrap();
    assert_eq!(made_up.listing(), before);
    assert_eq!(
        plan.entries,
        made_up.install(&InstallArgs::default()).unwrap().entries
    );

    let before = made_up.listing();
    let rehearsed = UninstallArgs {
        targets: rehearsed,
        purge: true,
    };
    let plan = made_up.uninstall(&rehearsed);
    assert_eq!(made_up.listing(), before);
    assert_eq!(
        plan.entries,
        made_up.uninstall(&UninstallArgs::default()).entries
    );
    assert_eq!(plan.entries.len(), 2);
}

#[test]
fn for_everybody_a_shared_folder_gets_one_file_that_all_can_read() {
    use std::os::unix::fs::PermissionsExt;

    let made_up = MadeUp::with(&[
        "opt/google/chrome/chrome",
        "opt/brave.com/brave/brave",
        "usr/bin/firefox",
        "usr/lib64/mozilla/x",
    ]);
    let before = made_up.listing();
    let report = made_up
        .install(&InstallArgs {
            targets: for_everybody(),
        })
        .unwrap();
    let shared = "etc/opt/chrome/native-messaging-hosts/jp.kagibashi.host.json";
    let created = |path: &str| (PathBuf::from(path), Deed::Created);
    assert_eq!(
        made_up.deeds(&report),
        [
            created(shared),
            created("usr/lib/mozilla/native-messaging-hosts/jp.kagibashi.host.json"),
            created("usr/lib64/mozilla/native-messaging-hosts/jp.kagibashi.host.json"),
        ]
    );
    assert_eq!(report.entries[0].browsers, "Google Chrome, Brave");
    let mode = |path: &str| {
        fs::metadata(made_up.path(path))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode(shared), 0o644);
    assert_eq!(mode("etc/opt/chrome"), 0o755);
    made_up.uninstall(&UninstallArgs {
        targets: for_everybody(),
        purge: false,
    });
    assert_eq!(made_up.listing(), before);
}

#[test]
fn a_folder_that_was_named_gets_its_manifest_and_nothing_else_happens() {
    let made_up = MadeUp::with(&[]);
    let folder = made_up.path("profile/NativeMessagingHosts");
    for kind in [Kind::Chromium, Kind::Firefox] {
        let targets = Targets {
            manifest_dir: Some(folder.clone()),
            kind: Some(kind),
            ..Targets::default()
        };
        let before: Vec<_> = made_up
            .listing()
            .into_iter()
            .filter(|path| path.is_file())
            .collect();
        made_up
            .install(&InstallArgs {
                targets: targets.clone(),
            })
            .unwrap();
        let file = folder.join(format!("{}.json", IDENTITY.host_name));
        let text = kind.render(&made_up.computer.program).unwrap();
        assert_eq!(fs::read_to_string(file).unwrap(), text);
        assert!(!made_up.computer.folders.state.exists());
        made_up.uninstall(&UninstallArgs {
            targets,
            purge: false,
        });
        let after: Vec<_> = made_up
            .listing()
            .into_iter()
            .filter(|path| path.is_file())
            .collect();
        assert_eq!(after, before);
    }
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let made_up = MadeUp::with(&["usr/bin/chromium"]);
    // Not even root can make a folder below a file.
    made_up.write("home/山田/.config", "");
    let error = made_up.install(&InstallArgs::default()).unwrap_err();
    for language in [Language::Japanese, Language::English] {
        assert!(
            error.situation(language).contains(".config/chromium"),
            "{error:?}"
        );
        assert!(!error.advice(language).is_empty());
    }
    let denied = io::Error::from(io::ErrorKind::PermissionDenied);
    let error = InstallError::at(Path::new("/etc/chromium"))(denied);
    assert!(matches!(error, InstallError::NoPermission { .. }));
    assert!(error.advice(Language::Japanese).contains("sudo"));
}

#[test]
fn what_was_done_before_a_place_that_cannot_be_written_is_undone_by_uninstalling() {
    let made_up = MadeUp::with(&["usr/bin/chromium", "usr/bin/firefox"]);
    made_up.write("home/山田/.mozilla", "");
    let before = made_up.listing();
    let error = made_up.install(&InstallArgs::default()).unwrap_err();
    assert!(error.situation(Language::Japanese).contains(".mozilla"));
    assert!(made_up.path(CHROMIUM).exists(), "this browser is served");
    let report = made_up.uninstall(&UninstallArgs::default());
    assert_eq!(made_up.deeds(&report), [(CHROMIUM.into(), Deed::Removed)]);
    assert_eq!(made_up.listing(), before);
}
