//! The PKCS#11 module on made-up computers, and the place where it meets us.

use kagibashi_protocol::agent::MeetingPlace;

use super::super::{meeting_place, module};
use super::*;
use crate::install::places::MODULE_FILE;

const FIREFOX_MODULE: &str = "home/山田/.mozilla/pkcs11-modules/kagibashi.json";
const P11_KIT: &str = "home/山田/.config/pkcs11/modules/kagibashi.module";
const LIST: &str = "home/山田/.local/share/pki/nssdb/pkcs11.txt";

fn computer() -> MadeUp {
    let mut made_up = MadeUp::with(&["usr/bin/chromium", "usr/bin/firefox", "opt/kagibashi"]);
    made_up.computer.program = made_up.path("opt/kagibashi");
    fs::write(made_up.computer.module(), "\x7fELF\x02").unwrap();
    made_up
}

fn found(made_up: &MadeUp) -> Vec<(&'static str, String)> {
    module::look(&made_up.computer)
        .into_iter()
        .map(|seen| (seen.finding.id, seen.at.unwrap_or_default()))
        .collect()
}

/// The finding at one place, the others being good.
fn at<'a>(place: &str, made_up: &MadeUp) -> &'a str {
    let found = found(made_up);
    let good = found
        .iter()
        .filter(|(id, _)| ["module-ok", "module-registration-ok"].contains(id));
    assert_eq!(good.count(), found.len() - 1, "{found:?}");
    found.iter().find(|(_, at)| at == place).unwrap().0
}

#[test]
fn what_install_registers_is_good_and_each_absence_is_told() {
    let made_up = computer();
    let places = ["Firefox", "Chromium", "p11-kit"];
    let missing = places.map(|at| ("module-registration-missing", at.to_owned()));
    assert_eq!(found(&made_up)[1..], missing);
    made_up.install(&InstallArgs::default()).unwrap();
    let registered = places.map(|at| ("module-registration-ok", at.to_owned()));
    assert_eq!(found(&made_up)[1..], registered);
    // Without a browser only the other programs count.
    for program in ["usr/bin/chromium", "usr/bin/firefox"] {
        fs::remove_file(made_up.path(program)).unwrap();
    }
    assert_eq!(found(&made_up)[1..], registered[2..]);
}

#[test]
fn the_file_is_looked_at() {
    let made_up = computer();
    let module = made_up.computer.module();
    assert!(module.ends_with(MODULE_FILE));
    assert_eq!(found(&made_up)[0].0, "module-ok");
    for damaged in ["", "\x7fEL", "MZ\0\0\0"] {
        fs::write(&module, damaged).unwrap();
        assert_eq!(found(&made_up)[0].0, "module-damaged", "{damaged:?}");
    }
    fs::remove_file(&module).unwrap();
    assert_eq!(found(&made_up), [("module-missing", String::new())]);
    fs::create_dir(&module).unwrap();
    assert_eq!(found(&made_up)[0].0, "module-unreadable");
}

#[test]
fn each_fault_of_a_registration_is_told_and_mended() {
    let cases: [(&str, &str, [&str; 2], &str); 8] = [
        (
            "Firefox",
            FIREFOX_MODULE,
            ["opt/lib", "opt/old/lib"],
            "other-module",
        ),
        (
            "Firefox",
            FIREFOX_MODULE,
            ["be8c2b82", "00000000"],
            "refused",
        ),
        (
            "Firefox",
            FIREFOX_MODULE,
            ["\"pkcs11\"", "\"stdio\""],
            "refused",
        ),
        ("Firefox", FIREFOX_MODULE, ["{", ""], "damaged"),
        ("Chromium", LIST, ["opt/lib", "opt/old/lib"], "other-module"),
        (
            "Chromium",
            LIST,
            ["name=Kagibashi", "name=Other"],
            "missing",
        ),
        (
            "p11-kit",
            P11_KIT,
            ["opt/lib", "opt/old/lib"],
            "other-module",
        ),
        ("p11-kit", P11_KIT, ["module:", "#"], "damaged"),
    ];
    for (place, file, [from, to], id) in cases {
        let made_up = computer();
        made_up.install(&InstallArgs::default()).unwrap();
        let right = fs::read_to_string(made_up.path(file)).unwrap();
        let wrong = right.replace(from, to);
        assert_ne!(wrong, right, "{file}");
        made_up.write(file, &wrong);
        let expected = format!("module-registration-{id}");
        assert_eq!(at(place, &made_up), expected);
        made_up.install(&InstallArgs::default()).unwrap();
        assert!(found(&made_up).iter().all(|(id, _)| id.ends_with("-ok")));
    }
}

#[test]
fn what_cannot_be_mended_by_install_is_told() {
    let made_up = computer();
    made_up.install(&InstallArgs::default()).unwrap();
    made_up.write(P11_KIT, "module: opensc-pkcs11.so\n");
    assert_eq!(at("p11-kit", &made_up), "module-registration-foreign");
    fs::remove_file(made_up.path(P11_KIT)).unwrap();
    fs::create_dir(made_up.path(P11_KIT)).unwrap();
    assert_eq!(at("p11-kit", &made_up), "module-registration-unreadable");
}

#[test]
fn every_database_has_to_know_the_module() {
    let made_up = computer();
    made_up.install(&InstallArgs::default()).unwrap();
    // It goes before the other, so the browser no longer reads that.
    fs::create_dir_all(made_up.path("home/山田/.pki/nssdb")).unwrap();
    let ids: Vec<_> = found(&made_up).iter().map(|(id, _)| *id).collect();
    assert_eq!(
        ids[2..4],
        ["module-registration-missing", "module-registration-ok"]
    );
    made_up.install(&InstallArgs::default()).unwrap();
    assert!(found(&made_up).iter().all(|(id, _)| id.ends_with("-ok")));
}

#[test]
fn the_registration_for_everybody_counts() {
    let made_up = computer();
    fs::remove_file(made_up.path("usr/bin/chromium")).unwrap();
    let targets = Targets {
        system: true,
        ..Targets::default()
    };
    made_up.install(&InstallArgs { targets }).unwrap();
    assert!(found(&made_up).iter().all(|(id, _)| id.ends_with("-ok")));
}

#[test]
fn the_meeting_place_is_for_one_person_alone() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("kagibashi");
    let place = MeetingPlace::in_folder(&folder);
    let id = || meeting_place::look(&place).finding.id;
    assert_eq!(id(), "meeting-place-ok", "it is made when it is needed");
    assert!(!folder.exists());
    fs::create_dir(&folder).unwrap();
    for (mode, expected) in [
        (0o755, "meeting-place-refused"),
        (0o770, "meeting-place-refused"),
        (0o700, "meeting-place-ok"),
    ] {
        fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(id(), expected, "{mode:o}");
    }
    fs::remove_dir(&folder).unwrap();
    std::os::unix::fs::symlink(home.path(), &folder).unwrap();
    assert_eq!(id(), "meeting-place-refused", "a link");
    fs::remove_file(&folder).unwrap();
    let nowhere = MeetingPlace::in_folder(home.path().join("gone/kagibashi"));
    let finding = meeting_place::look(&nowhere).finding;
    assert_eq!(finding.id, "meeting-place-unusable");
}
