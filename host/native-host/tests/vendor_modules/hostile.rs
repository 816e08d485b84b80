//! Modules that crash, hang and lie: the host loses nothing, says what is the
//! matter, and the next try works.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use kagibashi_token::{
    Cancel, Curve, KeyHandle, KeyKind, ModuleTrouble, Modules, Pin, PinStatus, Reader, ReaderState,
    SignatureAlgorithm, Token, TokenError, Tokens,
};
use tempfile::TempDir;

use crate::openssl;
use crate::worker::{LIMITS, kill, module, modules, processes, program, tokens};

/// A module that behaves as it is told.
struct Hostile {
    folder: TempDir,
    modules: Modules,
}

impl Hostile {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = compile(folder.path(), "hostile.so", &[]);
        let behaviour = folder.path().join("behaviour");
        let variable = [("HOSTILE_BEHAVIOUR", behaviour)];
        let modules = modules(&program(&variable), LIMITS, &[module("Hostile", path)]);
        let hostile = Self { folder, modules };
        hostile.behave("well");
        hostile
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("hostile.so")
    }

    fn behave(&self, how: &str) {
        fs::write(self.folder.path().join("behaviour"), how).unwrap();
    }

    /// Ends the module's process, so that the next try loads it anew.
    fn unload(&self) {
        if !processes(&self.path()).is_empty() {
            kill(&self.path());
        }
    }

    fn tokens(&self) -> Tokens {
        tokens(&self.modules)
    }

    fn look(&self) -> Result<usize, ModuleTrouble> {
        let mut looks = self.modules.look(&Cancel::new());
        looks.remove(0).found.map(|found| found.tokens)
    }

    fn open(&self) -> Result<Box<dyn Token>, TokenError> {
        self.tokens()
            .open("Hostile: hostile (0815)", &Cancel::new())
    }
}

/// Makes the module in that folder.
pub fn compile(folder: &Path, name: &str, options: &[&str]) -> PathBuf {
    let path = folder.join(name);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vendor_modules/hostile.c");
    let output = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(&path)
        .args(options)
        .arg(source)
        .output()
        .expect("a C compiler is needed (Debian: apt-get install gcc libc6-dev)");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    path
}

fn pin() -> Pin {
    Pin::new("1234").unwrap()
}

/// A key of no use but to be asked for.
fn key() -> KeyHandle {
    let private = [
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ];
    let private = openssl::run(&private, b"");
    KeyHandle {
        reader: "Hostile: hostile (0815)".into(),
        serial: "0815".into(),
        reference: 0,
        kind: KeyKind::EllipticCurve(Curve::P256),
        public_key: openssl::run(&["pkey", "-pubout", "-outform", "DER"], &private),
    }
}

fn sign(token: &mut dyn Token, key: &KeyHandle) -> Result<Vec<u8>, TokenError> {
    let mut logged_in = token.login(&pin())?;
    logged_in.sign(key, SignatureAlgorithm::Es256, &[7; 32])
}

type Act = fn(&mut dyn Token, &KeyHandle) -> Result<(), TokenError>;

/// What is the matter with a module, without its details.
fn kind(trouble: &ModuleTrouble) -> &'static str {
    match trouble {
        ModuleTrouble::NotLoaded(_) => "not loaded",
        ModuleTrouble::OurOwn => "our own",
        ModuleTrouble::Crashed => "crashed",
        ModuleTrouble::Silent { .. } => "silent",
        ModuleTrouble::Rubbish => "rubbish",
        ModuleTrouble::Refused(_) => "refused",
        _ => "other",
    }
}

fn kind_of_error(error: &TokenError) -> &'static str {
    match error {
        TokenError::Module { module, trouble } => {
            assert_eq!(module, "Hostile");
            kind(trouble)
        }
        TokenError::CardRemoved => "removed",
        TokenError::SignatureInvalid => "wrong signature",
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_module_that_misbehaves_when_it_is_looked_at_is_named_and_tried_anew() {
    let hostile = Hostile::new();
    let cases = [
        ("crash-load", Err("crashed")),
        ("exit-load", Err("crashed")),
        ("print-load", Ok(1)),
        ("null-list", Err("not loaded")),
        ("missing-functions", Err("not loaded")),
        ("crash-initialize", Err("crashed")),
        ("hang-initialize", Err("silent")),
        ("print-initialize", Ok(1)),
        ("pretend-to-be-ours", Err("our own")),
        ("crash-slots", Err("crashed")),
        ("hang-slots", Err("silent")),
        ("exit-slots", Err("crashed")),
        ("huge-slot-count", Err("rubbish")),
        ("longer-slot-list", Err("rubbish")),
        ("error-slots", Err("refused")),
        ("crash-token", Err("crashed")),
    ];
    for (how, expected) in cases {
        hostile.unload();
        hostile.behave(how);
        let looked = hostile.look();
        assert_eq!(
            looked.as_ref().map_err(kind),
            expected.as_ref().map_err(|it| *it),
            "{how}"
        );
        hostile.behave("well");
        assert_eq!(hostile.look(), Ok(1), "after {how}");
        assert_eq!(processes(&hostile.path()).len(), 1, "after {how}");
    }
}

#[test]
fn a_module_that_misbehaves_at_work_takes_nothing_with_it() {
    let hostile = Hostile::new();
    let key = key();
    let list: Act = |token, _| token.certificates().map(drop);
    let give_pin: Act = |token, _| token.verify_pin(&pin());
    let make_signature: Act = |token, key| sign(token, key).map(drop);
    let cases = [
        (list, "crash-session", "crashed"),
        (list, "crash-find", "crashed"),
        (list, "hang-find", "silent"),
        (list, "endless-objects", "rubbish"),
        (list, "longer-object-list", "rubbish"),
        (list, "crash-attribute", "crashed"),
        (give_pin, "crash-login", "crashed"),
        (give_pin, "hang-login", "silent"),
        (give_pin, "exit-login", "crashed"),
        (give_pin, "removed-login", "removed"),
        (make_signature, "crash-sign", "crashed"),
        (make_signature, "hang-sign", "silent"),
        (make_signature, "longer-signature", "rubbish"),
        // It has no such key, and signs all the same.
        (make_signature, "well", "wrong signature"),
    ];
    for (act, how, expected) in cases {
        hostile.behave("well");
        let mut token = hostile.open().unwrap();
        hostile.behave(how);
        let start = Instant::now();
        let error = act(token.as_mut(), &key).unwrap_err();
        assert_eq!(kind_of_error(&error), expected, "{how}: {error:?}");
        assert!(start.elapsed() < 2 * LIMITS.work, "{how}");
        hostile.behave("well");
        drop(token);
        let mut token = hostile.open().unwrap();
        token.verify_pin(&pin()).unwrap();
        assert_eq!(processes(&hostile.path()).len(), 1, "after {how}");
    }
}

#[test]
fn impossible_lengths_hide_one_certificate_and_hundreds_are_cut_short() {
    let hostile = Hostile::new();
    for (how, expected) in [
        ("well", 1),
        ("huge-attribute", 0),
        ("longer-attribute", 0),
        // As many as are told of one token.
        ("many-objects", 200),
    ] {
        hostile.behave(how);
        let all = hostile.open().unwrap().certificates().unwrap();
        assert_eq!(all.len(), expected, "{how}");
        assert!(all.iter().all(|it| it.parsed.is_err() && it.key.is_none()));
    }
}

#[test]
fn flags_of_a_pin_are_told_and_a_pin_pad_gets_no_pin() {
    let hostile = Hostile::new();
    let status = |how: &str| {
        hostile.behave(how);
        hostile.open().unwrap().pin_status().unwrap()
    };
    let usual = PinStatus::default();
    assert_eq!(status("well"), usual);
    let final_try = PinStatus {
        tries_left: Some(1),
        ..usual
    };
    assert_eq!(status("final-try"), final_try);
    let locked = PinStatus {
        tries_left: Some(0),
        locked: true,
        ..usual
    };
    assert_eq!(status("locked"), locked);
    assert_eq!(status("pin-pad"), PinStatus { pad: true, ..usual });
    let mut token = hostile.open().unwrap();
    token.verify_pin(&Pin::at_token()).unwrap();
    token.verify_pin(&pin()).unwrap();
    let changed = token.change_pin(&pin(), &pin());
    assert!(matches!(changed, Err(TokenError::PinPad)), "{changed:?}");
    hostile.behave("well");
    let refused = hostile.open().unwrap().verify_pin(&Pin::at_token());
    assert!(
        matches!(refused, Err(TokenError::PinFormat(_))),
        "{refused:?}"
    );
}

#[test]
fn a_list_of_slots_that_changes_shows_what_there_was() {
    let hostile = Hostile::new();
    hostile.behave("changing-slots");
    let tokens = hostile.tokens();
    for _ in 0..20 {
        let readers = tokens.readers().unwrap();
        assert!(readers.len() <= 2, "{readers:?}");
        for reader in readers {
            // It may have gone by now; nothing worse happens.
            if let Ok(mut token) = tokens.open(&reader.name, &Cancel::new()) {
                drop(token.certificates());
            }
        }
    }
    assert_eq!(processes(&hostile.path()).len(), 1);
}

#[test]
fn a_module_that_fails_again_and_again_is_left_alone_and_shown_as_failing() {
    let hostile = Hostile::new();
    hostile.behave("hang-initialize");
    let tokens = hostile.tokens();
    let failing = vec![Reader {
        name: "Hostile".into(),
        state: ReaderState::ModuleFailed,
    }];
    for _ in 0..2 {
        assert_eq!(tokens.readers().unwrap(), failing);
    }
    let start = Instant::now();
    for _ in 0..5 {
        assert_eq!(tokens.readers().unwrap(), failing);
    }
    assert!(start.elapsed() < LIMITS.start, "it was waited for again");
    assert!(processes(&hostile.path()).is_empty());
    // Whoever wants to know for sure is told, and the others with them.
    hostile.behave("well");
    assert_eq!(hostile.look(), Ok(1));
    assert!(tokens.readers().unwrap()[0].state.is_token());
}

#[test]
fn a_library_without_a_function_list_is_no_module() {
    let folder = tempfile::tempdir().unwrap();
    let path = compile(folder.path(), "plain.so", &["-DWITHOUT_FUNCTION_LIST"]);
    let modules = modules(&program(&[]), LIMITS, &[module("Plain", path)]);
    let looks = modules.look(&Cancel::new());
    let trouble = looks[0].found.as_ref().unwrap_err();
    assert_eq!(kind(trouble), "not loaded", "{trouble:?}");
}

#[test]
fn whoever_does_not_want_it_any_more_does_not_wait_for_a_module_that_hangs() {
    let hostile = Hostile::new();
    let cancel = Cancel::new();
    let reader = "Hostile: hostile (0815)";
    let mut token = hostile.tokens().open(reader, &cancel).unwrap();
    hostile.behave("hang-login");
    let start = Instant::now();
    let canceller = std::thread::spawn(move || {
        std::thread::sleep(LIMITS.work / 10);
        cancel.cancel();
    });
    let outcome = token.verify_pin(&pin());
    assert!(matches!(outcome, Err(TokenError::Cancelled)), "{outcome:?}");
    assert!(start.elapsed() < LIMITS.work);
    canceller.join().unwrap();
    assert!(processes(&hostile.path()).is_empty());
}
