//! Hosts that are none, are gone, hang, or are somebody else.
#![cfg(target_os = "linux")]

use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, id};
use std::thread;
use std::time::Duration;

use cryptoki_sys as ck;
use kagibashi_pkcs11_tests::host::{Host, program};
use kagibashi_pkcs11_tests::module::{Module, PSS_SHA256};
use kagibashi_pkcs11_tests::scenario::{alone, meeting_place, within};
use kagibashi_pkcs11_tests::script::{Changing, Order, Signing};

const SOON: Duration = Duration::from_secs(1);

#[test]
fn without_a_host_there_is_no_token() {
    alone("without_a_host_there_is_no_token", || {
        // In a folder without the agent's program, which a build puts beside it.
        let folder = tempfile::tempdir().unwrap();
        let module = Module::load_copy(folder.path());
        assert_eq!(module.initialise(), ck::CKR_OK);
        // Once the agent is looked for on the path; after that it is quick.
        assert!(module.slots(true).is_empty());
        within(SOON, || {
            for _ in 0..100 {
                assert!(!module.is_present(0));
                assert_eq!(module.open(0), Err(ck::CKR_TOKEN_NOT_PRESENT));
            }
        });
        assert!(!meeting_place().exists(), "looking leaves nothing behind");
    });
}

/// The host comes late, is killed, comes again: in each state of a session.
#[test]
fn a_host_that_is_killed() {
    alone("a_host_that_is_killed", || {
        let mut host = Host::of_browser(&[1]);
        let module = Module::ready();
        for state in ["idle", "searching", "before C_Sign", "in C_Sign"] {
            assert!(module.is_present(0), "{state}");
            let session = module.open(0).unwrap();
            let key = module.key(session);
            match state {
                "idle" => {
                    host.kill();
                    within(SOON, || assert!(!module.is_present(0)));
                    let told = module.session_state(session);
                    assert_eq!(told, Err(ck::CKR_SESSION_HANDLE_INVALID));
                }
                "searching" => {
                    host.kill();
                    // What was read goes on being there until somebody looks.
                    assert_eq!(module.of_class(session, ck::CKO_CERTIFICATE).len(), 2);
                    within(SOON, || assert!(module.token_info(0).is_err()));
                    let told = module.find(session, &[], 10);
                    assert_eq!(told, Err(ck::CKR_SESSION_HANDLE_INVALID));
                }
                "before C_Sign" => {
                    assert_eq!(module.sign_init_pss(session, PSS_SHA256, key), ck::CKR_OK);
                    host.kill();
                    let told = within(SOON, || module.sign(session, &[0; 32]));
                    assert_eq!(told, Err(ck::CKR_DEVICE_ERROR));
                }
                _ => {
                    host.order(Order::Sign(Signing::Never));
                    assert_eq!(module.sign_init_pss(session, PSS_SHA256, key), ck::CKR_OK);
                    let signer = thread::spawn(move || module.sign(session, &[0; 32]));
                    thread::sleep(Duration::from_millis(300));
                    host.kill();
                    let told = within(SOON, || signer.join().unwrap());
                    assert_eq!(told, Err(ck::CKR_DEVICE_ERROR));
                }
            }
            host = Host::of_browser(&[1]);
        }
        // A new host is a new start.
        let session = module.open(0).unwrap();
        let key = module.key(session);
        assert_eq!(module.sign_init_pss(session, PSS_SHA256, key), ck::CKR_OK);
        assert!(module.sign(session, &[0; 32]).is_ok());
    });
}

#[test]
fn a_host_that_hangs_costs_its_time_once() {
    alone("a_host_that_hangs_costs_its_time_once", || {
        let host = Host::of_browser(&[1]);
        let module = Module::ready();
        assert!(module.is_present(0));
        host.freeze();
        within(Duration::from_secs(8), || assert!(!module.is_present(0)));
        within(SOON, || {
            for _ in 0..20 {
                assert!(!module.is_present(0));
                assert!(module.slots(true).is_empty());
            }
        });
        host.thaw();
        thread::sleep(Duration::from_secs(10));
        within(SOON, || assert!(module.is_present(0)));
    });
}

#[test]
fn a_host_that_talks_nonsense_has_no_token() {
    alone("a_host_that_talks_nonsense_has_no_token", || {
        let mut host = Host::of_browser(&[1]);
        let module = Module::ready();
        host.order(Order::Change(Changing::HangsUp));
        within(SOON, || assert!(!module.is_present(0)));
        host.order(Order::Change(Changing::Told));
        assert!(module.is_present(0));
        host.order(Order::Change(Changing::Garbled));
        within(SOON, || assert!(!module.is_present(0)));
    });
}

/// Somebody else listens where the browser's host should: not a byte is said
/// to him.
#[test]
fn a_foreign_process_on_the_socket_hears_nothing() {
    alone("a_foreign_process_on_the_socket_hears_nothing", || {
        let folder = meeting_place();
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
        // This very process, which is not its own child.
        let listener = UnixListener::bind(folder.join(format!("browser-{}", id()))).unwrap();
        let foreigner = thread::spawn(move || {
            let (mut caller, _) = listener.accept().unwrap();
            let mut heard = Vec::new();
            caller.read_to_end(&mut heard).unwrap();
            heard
        });
        let module = Module::ready();
        within(Duration::from_secs(5), || assert!(!module.is_present(0)));
        assert_eq!(foreigner.join().unwrap(), b"");
    });
}

/// As root in the tests, another user is one line away.
#[test]
fn a_process_of_another_user_hears_nothing() {
    alone("a_process_of_another_user_hears_nothing", || {
        // SAFETY: only asks.
        if unsafe { libc::geteuid() } != 0 {
            eprintln!("left out: only root can be another user");
            return;
        }
        let folder = meeting_place();
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
        // The other user's own socket, put into our folder.
        let theirs = tempfile::tempdir().unwrap();
        std::os::unix::fs::chown(theirs.path(), Some(12_345), None).unwrap();
        let socket = theirs.path().join("agent");
        let heard = theirs.path().join("heard");
        let script = "import socket,sys
s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()
print(flush=True)
c,_=s.accept(); d=c.recv(1000); open(sys.argv[2],'wb').write(d)";
        let mut python = Command::new("python3");
        python.args(["-c", script]).arg(&socket).arg(&heard);
        std::os::unix::process::CommandExt::uid(&mut python, 12_345);
        let mut child = python.stdout(std::process::Stdio::piped()).spawn().unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        fs::rename(&socket, folder.join("agent")).unwrap();

        let module = Module::ready();
        within(Duration::from_secs(5), || assert!(!module.is_present(0)));
        assert!(child.wait().unwrap().success());
        assert_eq!(fs::read(heard).unwrap(), b"");
    });
}

#[test]
fn a_folder_that_others_can_enter_is_not_used() {
    alone("a_folder_that_others_can_enter_is_not_used", || {
        let host = Host::of_browser(&[1]);
        let module = Module::ready();
        let folder = meeting_place();
        let aside = folder.with_extension("aside");
        let mode = |path: &Path, mode| {
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        };
        let sees = || {
            module.finalise();
            assert_eq!(module.initialise(), ck::CKR_OK);
            within(Duration::from_secs(5), || module.is_present(0))
        };
        assert!(sees());
        for open in [0o755, 0o770, 0o701, 0o707] {
            mode(&folder, open);
            assert!(!sees(), "{open:o}");
        }
        mode(&folder, 0o700);
        assert!(sees());
        fs::rename(&folder, &aside).unwrap();
        symlink(&aside, &folder).unwrap();
        assert!(!sees(), "a link");
        fs::remove_file(&folder).unwrap();
        fs::rename(&aside, &folder).unwrap();
        assert!(sees());
        // SAFETY: only asks.
        if unsafe { libc::geteuid() } == 0 {
            std::os::unix::fs::chown(&folder, Some(12_345), None).unwrap();
            assert!(!sees(), "another user's");
            std::os::unix::fs::chown(&folder, Some(0), None).unwrap();
        }
        drop(host);
    });
}

/// A program called like a browser, without our extension: no PIN is asked for
/// by anybody, and no agent is started.
#[test]
fn a_browser_without_a_host_does_not_use_the_agent() {
    alone("a_browser_without_a_host_does_not_use_the_agent", || {
        let mut agent = Host::agent(&[1]);
        let folder = tempfile::tempdir().unwrap();
        for (name, expected) in [("firefox-test", ""), ("chromium", ""), ("editor", "0")] {
            let copy = folder.path().join(name);
            fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
            let output = Command::new(&copy)
                .args([
                    "--exact",
                    "prints_the_slots_with_tokens",
                    "--nocapture",
                    "--ignored",
                ])
                .env(
                    "KAGIBASHI_TEST_LIBRARY",
                    kagibashi_pkcs11_tests::module::library(),
                )
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            let slots = said.lines().find_map(|line| line.split("slots:").nth(1));
            assert_eq!(slots, Some(expected), "{name}: {said}");
        }
        assert_eq!(agent.count().hello, 1);
    });
}

#[test]
#[ignore = "a part of the test above, for a process of another name"]
fn prints_the_slots_with_tokens() {
    let library = std::env::var_os("KAGIBASHI_TEST_LIBRARY").unwrap();
    let module = Module::load_from(Path::new(&library));
    assert_eq!(module.initialise(), ck::CKR_OK);
    let slots = module.slots(true);
    let slots: Vec<String> = slots.iter().map(ToString::to_string).collect();
    println!("\nslots:{}", slots.join(","));
}

/// The first page of a browser may want a certificate before its extension has
/// started the host.
#[test]
fn a_chromium_that_is_starting_waits_for_its_host() {
    let own = std::env::current_exe().unwrap();
    // Beside the test's own program, where the scripted host is found.
    let copy = tempfile::Builder::new()
        .prefix("chromium")
        .tempfile_in(own.parent().unwrap())
        .unwrap()
        .into_temp_path();
    fs::copy(&own, &copy).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(&copy)
        .args(["--exact", "finds_the_host_that_comes_late", "--ignored"])
        .env(
            "KAGIBASHI_TEST_LIBRARY",
            kagibashi_pkcs11_tests::module::library(),
        )
        .env("XDG_RUNTIME_DIR", folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "a part of the test above, for a process of another name"]
fn finds_the_host_that_comes_late() {
    let library = std::env::var_os("KAGIBASHI_TEST_LIBRARY").unwrap();
    let module = Module::load_from(Path::new(&library));
    assert_eq!(module.initialise(), ck::CKR_OK);
    let host = thread::spawn(|| {
        thread::sleep(Duration::from_secs(1));
        Host::of_browser(&[1])
    });
    assert_eq!(module.slots(true), [0]);
    drop(host.join().unwrap());
}

/// The agent is started from beside the module, is nobody's child here, and
/// has nothing of ours open.
#[test]
fn the_agent_is_started_on_demand() {
    alone("the_agent_is_started_on_demand", || {
        let folder = tempfile::tempdir().unwrap();
        let started = folder.path().join("started");
        let script = format!(
            "#!/bin/sh\n[ \"$*\" = agent ] || exit 1\n\
             (ls -l /proc/$$/fd; cat /proc/$$/stat; pwd) > {}\n\
             exec {} agent 1\n",
            started.display(),
            program().display()
        );
        let stand_in = folder.path().join("kagibashi");
        fs::write(&stand_in, script).unwrap();
        fs::set_permissions(&stand_in, Permissions::from_mode(0o755)).unwrap();
        let module = Module::load_copy(folder.path());
        assert_eq!(module.initialise(), ck::CKR_OK);
        // Something that the program has open, and lets its children have.
        // SAFETY: nothing else is 7 in this process.
        assert_eq!(unsafe { libc::dup2(1, 7) }, 7);
        within(Duration::from_secs(10), || {
            assert_eq!(module.slots(true), [0]);
        });
        let session = module.open(0).unwrap();
        assert_eq!(module.login(session, b"12345678"), ck::CKR_OK);
        let key = module.key(session);
        assert_eq!(module.sign_init_pss(session, PSS_SHA256, key), ck::CKR_OK);
        assert!(module.sign(session, &[2; 32]).is_ok());

        let seen = fs::read_to_string(started).unwrap();
        for expected in ["0", "1", "2"] {
            assert!(
                seen.contains(&format!(" {expected} -> /dev/null\n")),
                "{seen}"
            );
        }
        assert!(!seen.contains(" 7 -> "), "{seen}");
        assert!(seen.ends_with("\n/\n"), "{seen}");
        // pid (name) state parent group
        let stat = seen
            .lines()
            .find(|line| line.contains("(kagibashi)"))
            .unwrap();
        let fields: Vec<&str> = stat
            .rsplit_once(')')
            .unwrap()
            .1
            .split_whitespace()
            .collect();
        let own = id().to_string();
        assert_ne!(fields[1], own, "our child");
        // SAFETY: only asks.
        let group = unsafe { libc::getpgrp() };
        assert_ne!(fields[2], group.to_string(), "in our group");
    });
}
