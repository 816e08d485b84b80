//! The meeting place: folder, names, credentials, time.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use kagibashi_protocol::agent::endpoint::FolderError;
use kagibashi_protocol::agent::{
    AcceptError, AgentError, Answer, BindError, Client, ConnectError, LoginBy, MeetingPlace, Name,
    Question,
};
use kagibashi_protocol::frame;

fn place() -> (tempfile::TempDir, MeetingPlace) {
    let outer = tempfile::tempdir().unwrap();
    let place = MeetingPlace::in_folder(outer.path().join("kagibashi"));
    (outer, place)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_folder_is_made_for_one_user() {
    let (_outer, place) = place();
    assert!(matches!(
        place.connect(Name::Agent),
        Err(ConnectError::Nobody(Name::Agent))
    ));
    assert!(!place.folder().exists(), "looking must not make it");
    let listener = place.listen(Name::Agent).unwrap();
    assert_eq!(mode(place.folder()), 0o700);
    drop(listener);
    assert_eq!(fs::read_dir(place.folder()).unwrap().count(), 0);
}

/// What somebody else may have put in the folder's place, and how it shows.
#[test]
fn a_folder_that_somebody_prepared_is_refused() {
    type Case = (&'static str, fn(&Path), fn(&FolderError) -> bool);
    let cases: [Case; 5] = [
        (
            "open to the group",
            |path| {
                fs::create_dir(path).unwrap();
                fs::set_permissions(path, Permissions::from_mode(0o750)).unwrap();
            },
            |error| matches!(error, FolderError::OpenToOthers { mode: 0o750, .. }),
        ),
        (
            "open to all",
            |path| {
                fs::create_dir(path).unwrap();
                fs::set_permissions(path, Permissions::from_mode(0o1777)).unwrap();
            },
            |error| matches!(error, FolderError::OpenToOthers { mode: 0o1777, .. }),
        ),
        (
            "a link to a good folder",
            |path| {
                let good = path.with_extension("good");
                fs::create_dir(&good).unwrap();
                fs::set_permissions(&good, Permissions::from_mode(0o700)).unwrap();
                symlink(good, path).unwrap();
            },
            |error| matches!(error, FolderError::NotAFolder { .. }),
        ),
        (
            "a file",
            |path| fs::write(path, "").unwrap(),
            |error| matches!(error, FolderError::NotAFolder { .. }),
        ),
        (
            "another user's",
            |path| {
                fs::create_dir(path).unwrap();
                fs::set_permissions(path, Permissions::from_mode(0o700)).unwrap();
                std::os::unix::fs::chown(path, Some(12_345), None).unwrap();
            },
            |error| matches!(error, FolderError::OtherOwner { owner: 12_345, .. }),
        ),
    ];
    for (what, prepare, expected) in cases {
        if what == "another user's" && !rustix::process::geteuid().is_root() {
            eprintln!("left out, as only root can give a folder away: {what}");
            continue;
        }
        let (_outer, place) = place();
        prepare(place.folder());
        match place.listen(Name::Agent) {
            Err(BindError::Folder(error)) => {
                assert!(expected(&error), "{what}: {error}");
                let said = error.to_string();
                assert!(said.contains("kagibashi"), "{what}: {said}");
            }
            other => panic!("{what}: {other:?}"),
        }
        match place.connect(Name::Agent) {
            Err(ConnectError::Folder(error)) => assert!(expected(&error), "{what}: {error}"),
            other => panic!("{what}: {other:?}"),
        }
    }
}

#[test]
fn a_dead_socket_is_replaced_and_a_living_one_is_not() {
    let (_outer, place) = place();
    drop(place.listen(Name::Agent).unwrap());
    // The standard library's listener leaves its file behind, as a killed
    // process does.
    let path = place.folder().join("agent");
    drop(UnixListener::bind(&path).unwrap());
    assert!(matches!(
        place.connect(Name::Agent),
        Err(ConnectError::Nobody(_))
    ));

    let living = place.listen(Name::Agent).unwrap();
    assert!(matches!(
        place.listen(Name::Agent),
        Err(BindError::InUse(Name::Agent))
    ));
    place.listen(Name::Browser(7)).unwrap();
    place.connect(Name::Agent).unwrap();
    living.accept().unwrap();

    // What is no socket is not ours to take away.
    let other = place.folder().join("browser-8");
    fs::write(&other, "x").unwrap();
    assert!(place.listen(Name::Browser(8)).is_err());
    assert!(other.exists());
}

#[test]
fn many_hosts_at_once_leave_exactly_one() {
    let (_outer, place) = place();
    drop(place.listen(Name::Agent).unwrap());
    for _ in 0..20 {
        drop(UnixListener::bind(place.folder().join("agent")).unwrap());
        let racers: Vec<_> = (0..8)
            .map(|_| {
                let place = place.clone();
                thread::spawn(move || place.listen(Name::Agent).ok())
            })
            .collect();
        let mut listeners: Vec<_> = racers
            .into_iter()
            .filter_map(|racer| racer.join().unwrap())
            .collect();
        assert_eq!(listeners.len(), 1);
        let listener = listeners.remove(0);
        let _caller = place.connect(Name::Agent).unwrap();
        listener.accept().unwrap();
    }
}

#[test]
fn both_sides_look_at_each_other() {
    let (_outer, place) = place();
    let me = std::process::id();
    let agent = place.listen(Name::Agent).unwrap();
    let _caller = place.connect(Name::Agent).unwrap();
    let (_, peer) = agent.accept().unwrap();
    assert_eq!((peer.pid, peer.same_user), (Some(me), true));

    // The host of another browser than us.
    let elsewhere = place.listen(Name::Browser(1)).unwrap();
    // This process is no child of process 1 (or whoever runs the tests would
    // have to be).
    if std::os::unix::process::parent_id() != 1 {
        assert!(matches!(
            place.connect(Name::Browser(1)),
            Err(ConnectError::Stranger(_))
        ));
        assert!(matches!(
            elsewhere.accept(),
            Err(AcceptError::Stranger(peer)) if peer.pid == Some(me)
        ));
    }

    // The host of this process is no child of it, but this process itself.
    let _own = place.listen(Name::Browser(me)).unwrap();
    assert!(matches!(
        place.connect(Name::Browser(me)),
        Err(ConnectError::Stranger(_))
    ));
    // It is the child of its parent.
    let Name::Browser(parent) = Name::of_parent() else {
        panic!("a browser's");
    };
    let _child = place.listen(Name::Browser(parent)).unwrap();
    place.connect(Name::Browser(parent)).unwrap();
}

/// What a bad host does, and what the client makes of it in bounded time.
#[test]
fn a_client_survives_any_host() {
    type Case = (&'static str, Vec<u8>, fn(&AgentError) -> bool);
    let hello = Answer::Hello {
        protocol: 1,
        login: LoginBy::Window,
    };
    let mut good = Vec::new();
    frame::write(&mut good, &hello.to_bytes()).unwrap();
    let mut newer = Vec::new();
    frame::write(
        &mut newer,
        br#"{"answer":"hello","protocol":2,"login":"window"}"#,
    )
    .unwrap();
    let cases: [Case; 7] = [
        ("hangs up", vec![], |error| {
            matches!(error, AgentError::Gone(_))
        }),
        ("stops inside", good[..9].to_vec(), |error| {
            matches!(error, AgentError::Gone(_))
        }),
        ("empty frame", vec![0; 4], |error| {
            matches!(error, AgentError::Garbled)
        }),
        ("huge frame", vec![0xFF; 8], |error| {
            matches!(error, AgentError::Garbled)
        }),
        ("no JSON", b"\x01\0\0\0?".to_vec(), |error| {
            matches!(error, AgentError::Garbled)
        }),
        ("newer", newer, |error| {
            matches!(error, AgentError::Incompatible(2))
        }),
        ("good, then gone", good, |error| {
            matches!(error, AgentError::Gone(_))
        }),
    ];
    for (what, said, expected) in cases {
        let (_outer, place) = place();
        let listener = place.listen(Name::Agent).unwrap();
        let host = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            frame::read(&mut stream, 1_000).unwrap().unwrap();
            stream.write_all(&said).unwrap();
        });
        let error = Client::connect(&place, Name::Agent)
            .and_then(|mut client| client.ask(&Question::Change, Duration::from_secs(5)))
            .unwrap_err();
        assert!(expected(&error), "{what}: {error:?}");
        host.join().unwrap();
    }
}

#[test]
fn time_is_bounded_even_when_bytes_trickle() {
    let (_outer, place) = place();
    let listener = place.listen(Name::Agent).unwrap();
    let _host = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        frame::read(&mut stream, 1_000).unwrap().unwrap();
        let hello = Answer::Hello {
            protocol: 1,
            login: LoginBy::Module,
        };
        frame::write(&mut stream, &hello.to_bytes()).unwrap();
        frame::read(&mut stream, 1_000).unwrap().unwrap();
        stream.write_all(&1_000_u32.to_ne_bytes()).unwrap();
        while stream.write_all(b" ").is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
    });
    let mut client = Client::connect(&place, Name::Agent).unwrap();
    let begin = Instant::now();
    let outcome = client.ask(&Question::Change, Duration::from_millis(300));
    assert!(matches!(outcome, Err(AgentError::TimedOut)));
    assert!(begin.elapsed() < Duration::from_secs(2));
    // A late answer must not be taken for the next question's.
    let begin = Instant::now();
    let outcome = client.ask(&Question::Change, Duration::from_secs(5));
    assert!(matches!(outcome, Err(AgentError::Gone(_))), "{outcome:?}");
    assert!(begin.elapsed() < Duration::from_secs(1));
}

#[test]
fn another_thread_can_hang_up() {
    let (_outer, place) = place();
    let listener = place.listen(Name::Agent).unwrap();
    let mut stream = place.connect(Name::Agent).unwrap();
    let (mut host, _) = listener.accept().unwrap();
    let hang_up = stream.hang_up().unwrap();
    let waiting = thread::spawn(move || stream.read(&mut [0]).unwrap());
    thread::sleep(Duration::from_millis(50));
    hang_up.now();
    assert_eq!(waiting.join().unwrap(), 0);
    assert_eq!(host.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_waiting_listener_comes_back() {
    let (_outer, place) = place();
    let listener = place.listen(Name::Agent).unwrap();
    assert!(!listener.wait(Duration::from_millis(20)).unwrap());
    let _caller = place.connect(Name::Agent).unwrap();
    assert!(listener.wait(Duration::from_secs(5)).unwrap());
}
