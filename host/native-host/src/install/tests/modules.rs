//! The PKCS#11 module on made-up computers. What NSS makes of its list is seen
//! with NSS's own programs.

use std::process::{Command, Stdio};

use super::*;
use crate::install::places::MODULE_FILE;
use crate::manifest::Found;

const HOST: &str = "home/山田/.config/chromium/NativeMessagingHosts/jp.kagibashi.host.json";
const FIREFOX_MODULE: &str = "home/山田/.mozilla/pkcs11-modules/kagibashi.json";
const P11_KIT: &str = "home/山田/.config/pkcs11/modules/kagibashi.module";
const OLD_LIST: &str = "home/山田/.pki/nssdb/pkcs11.txt";
const NEW_LIST: &str = "home/山田/.local/share/pki/nssdb/pkcs11.txt";

/// A computer with this program and a module that NSS can load.
fn computer(files: &[&str]) -> MadeUp {
    let mut made_up = MadeUp::with(files);
    made_up.write("opt/鍵 橋/kagibashi", "");
    made_up.computer.program = made_up.path("opt/鍵 橋/kagibashi");
    fs::copy(loadable_module(), made_up.computer.module()).unwrap();
    made_up
}

/// Of softhsm2, which `certutil` and `modutil` can load without a token.
fn loadable_module() -> &'static str {
    "/usr/lib/softhsm/libsofthsm2.so"
}

fn nss(program: &str, made_up: &MadeUp, list: &str, arguments: &[&str]) -> String {
    let folder = made_up.path(list).parent().unwrap().to_owned();
    let output = Command::new(program)
        .args(arguments)
        .arg(if program == "certutil" {
            "-d"
        } else {
            "-dbdir"
        })
        .arg(format!("sql:{}", folder.display()))
        .stdin(Stdio::null())
        .output()
        .expect("libnss3-tools is installed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{arguments:?}: {text}");
    text
}

/// What NSS says of its modules; `None` where ours is not among them.
fn listed(made_up: &MadeUp, list: &str) -> Option<String> {
    let text = nss("modutil", made_up, list, &["-list"]);
    let (_, ours) = text.split_once("2. Kagibashi")?;
    assert!(ours.contains("status: loaded"), "{text}");
    let (_, path) = ours.split_once("library name: ")?;
    Some(path.lines().next()?.to_owned())
}

fn make_database(made_up: &MadeUp, list: &str) {
    fs::create_dir_all(made_up.path(list).parent().unwrap()).unwrap();
    nss("certutil", made_up, list, &["-N", "--empty-password"]);
}

fn all(path: &str) -> (PathBuf, Deed) {
    (path.into(), Deed::Created)
}

#[test]
fn each_kind_of_program_learns_of_the_module_and_forgets_it() {
    let made_up = computer(&["usr/bin/chromium", "usr/bin/firefox"]);
    let before = made_up.listing();
    let report = made_up.install(&InstallArgs::default()).unwrap();
    let expected = [HOST, FIREFOX, FIREFOX_MODULE, NEW_LIST, P11_KIT].map(all);
    assert_eq!(made_up.deeds(&report), expected);
    assert_eq!(report.entries[3].browsers, "Chromium");
    assert_eq!(report.entries[4].browsers, "p11-kit");

    let module = made_up.computer.module();
    let path = module.to_str().unwrap();
    let manifest = fs::read(made_up.path(FIREFOX_MODULE)).unwrap();
    assert!(matches!(Found::of_module(&manifest), Found::Ours(manifest) if manifest.path == path));
    let line = format!("module: {path}");
    let text = fs::read_to_string(made_up.path(P11_KIT)).unwrap();
    assert!(text.lines().any(|found| found == line), "{text}");

    let report = made_up.install(&InstallArgs::default()).unwrap();
    assert!(!report.changed(), "{report:?}");
    let report = made_up.uninstall(&UninstallArgs::default());
    assert_eq!(report.entries.len(), 5);
    assert_eq!(made_up.listing(), before);
}

#[test]
fn nss_loads_what_was_entered_and_keeps_the_rest() {
    for list in [OLD_LIST, NEW_LIST] {
        let made_up = computer(&["usr/bin/chromium"]);
        make_database(&made_up, list);
        let other = made_up.path("opt/other.so");
        fs::copy(loadable_module(), &other).unwrap();
        let other = other.to_str().unwrap();
        let add = |name, file| ["-force", "-add", name, "-libfile", file];
        nss("modutil", &made_up, list, &add("Kagibashi", other));
        let before = made_up.listing();

        // An entry of our name with another path is replaced.
        let report = made_up.install(&InstallArgs::default()).unwrap();
        let previous = other.to_owned();
        let replaced = (PathBuf::from(list), Deed::Replaced { previous });
        assert!(made_up.deeds(&report).contains(&replaced), "{report:?}");
        let module = made_up.computer.module().display().to_string();
        assert_eq!(listed(&made_up, list), Some(module));
        assert!(
            [OLD_LIST, NEW_LIST]
                .iter()
                .filter(|list| made_up.path(list).exists())
                .count()
                == 1,
            "no second database"
        );

        nss("modutil", &made_up, list, &add("Another", other));
        let report = made_up.uninstall(&UninstallArgs::default());
        let taken_out = (PathBuf::from(list), Deed::TakenOut);
        assert!(made_up.deeds(&report).contains(&taken_out), "{report:?}");
        assert_eq!(listed(&made_up, list), None);
        assert!(nss("modutil", &made_up, list, &["-list"]).contains("2. Another"));
        assert_eq!(made_up.listing(), before);
    }
}

#[test]
fn a_database_that_was_made_works_and_stays_once_it_is_used() {
    let made_up = computer(&["usr/bin/chromium"]);
    made_up.install(&InstallArgs::default()).unwrap();
    let module = made_up.computer.module().display().to_string();
    // As a browser does at its first start.
    nss("certutil", &made_up, NEW_LIST, &["-N", "--empty-password"]);
    assert_eq!(listed(&made_up, NEW_LIST), Some(module));
    made_up.uninstall(&UninstallArgs::default());
    assert_eq!(listed(&made_up, NEW_LIST), None);
    assert!(!made_up.path(P11_KIT).exists() && !made_up.path("home/山田/.local/state").exists());
}

#[test]
fn without_the_module_the_rest_is_done_and_it_is_said() {
    let made_up = MadeUp::with(&["usr/bin/chromium"]);
    let mut out = Vec::new();
    let report = install(
        &InstallArgs::default(),
        &made_up.computer,
        &mut out,
        Language::English,
    )
    .unwrap();
    assert_eq!(made_up.deeds(&report), [all(HOST)]);
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains(&format!("/opt/鍵橋/{MODULE_FILE}")), "{out}");
}

#[test]
fn browsers_that_were_named_get_theirs_and_no_more() {
    let made_up = computer(&[
        "usr/bin/chromium",
        "opt/google/chrome/chrome",
        "usr/bin/firefox",
    ]);
    let before = made_up.listing();
    let report = made_up.install(&of(&[Browser::Firefox])).unwrap();
    assert_eq!(made_up.deeds(&report), [FIREFOX, FIREFOX_MODULE].map(all));
    made_up
        .install(&of(&[Browser::Chromium, Browser::Chrome]))
        .unwrap();
    assert!(!made_up.path(P11_KIT).exists());

    // Chrome still reads the list.
    let only = |browser| UninstallArgs {
        targets: of(&[browser]).targets,
        purge: false,
    };
    made_up.uninstall(&only(Browser::Chromium));
    assert!(made_up.path(NEW_LIST).exists() && !made_up.path(HOST).exists());
    made_up.uninstall(&only(Browser::Chrome));
    assert!(!made_up.path(NEW_LIST).exists() && made_up.path(FIREFOX_MODULE).exists());
    made_up.uninstall(&only(Browser::Firefox));
    assert_eq!(made_up.listing(), before);
}

#[test]
fn a_rehearsal_and_a_named_folder_register_no_module() {
    let made_up = computer(&["usr/bin/chromium", "usr/bin/firefox"]);
    let before = made_up.listing();
    let mut targets = Targets {
        dry_run: true,
        ..Targets::default()
    };
    let plan = made_up
        .install(&InstallArgs {
            targets: targets.clone(),
        })
        .unwrap();
    assert_eq!((plan.entries.len(), made_up.listing()), (5, before));

    targets = Targets {
        manifest_dir: Some(made_up.path("profile")),
        kind: Some(Kind::Firefox),
        ..Targets::default()
    };
    let report = made_up.install(&InstallArgs { targets }).unwrap();
    assert_eq!(
        made_up.deeds(&report),
        [all("profile/jp.kagibashi.host.json")]
    );
}

#[test]
fn for_everybody_there_is_no_list_of_chromium() {
    let made_up = computer(&["usr/bin/chromium", "usr/bin/firefox"]);
    let before = made_up.listing();
    let mut out = Vec::new();
    let targets = for_everybody();
    let arguments = InstallArgs { targets };
    let report = install(&arguments, &made_up.computer, &mut out, Language::English).unwrap();
    let expected = [
        "etc/chromium/native-messaging-hosts/jp.kagibashi.host.json",
        "usr/lib/mozilla/native-messaging-hosts/jp.kagibashi.host.json",
        "usr/lib/mozilla/pkcs11-modules/kagibashi.json",
        "usr/share/p11-kit/modules/kagibashi.module",
    ];
    assert_eq!(made_up.deeds(&report), expected.map(all));
    assert!(String::from_utf8(out).unwrap().contains("each person"));
    made_up.uninstall(&UninstallArgs {
        targets: for_everybody(),
        purge: false,
    });
    assert_eq!(made_up.listing(), before);
}

#[test]
fn module_files_of_others_stay() {
    let made_up = computer(&["usr/bin/firefox"]);
    made_up.write(P11_KIT, "module: opensc-pkcs11.so\n");
    made_up.write(
        FIREFOX_MODULE,
        r#"{"name": "other", "path": "/x", "type": "pkcs11"}"#,
    );
    let before = made_up.listing();
    for name in ["other", "opensc-pkcs11.so"] {
        let name = name.to_owned();
        let report = made_up.install(&InstallArgs::default()).unwrap();
        assert!(
            report
                .entries
                .iter()
                .any(|entry| entry.deed == Deed::LeftForeign { name: name.clone() })
        );
    }
    made_up.uninstall(&UninstallArgs::default());
    assert_eq!(made_up.listing(), before);
}
