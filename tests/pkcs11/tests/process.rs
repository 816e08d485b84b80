//! One process, several threads, several loads, and forks.
#![cfg(target_os = "linux")]

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use cryptoki_sys as ck;
use kagibashi_pkcs11_tests::call;
use kagibashi_pkcs11_tests::host::Host;
use kagibashi_pkcs11_tests::module::{Module, PSS_SHA256, library};
use kagibashi_pkcs11_tests::scenario::{alone, run, within};
use kagibashi_pkcs11_tests::script::{Order, Signing};

unsafe extern "C" fn lock(_: ck::CK_VOID_PTR) -> ck::CK_RV {
    ck::CKR_OK
}

#[test]
fn nothing_works_outside_of_initialise_and_finalise() {
    alone("nothing_works_outside_of_initialise_and_finalise", || {
        let _host = Host::of_browser(&[1]);
        let module = Module::load();
        let none = ck::CKR_CRYPTOKI_NOT_INITIALIZED;
        for _ in 0..3 {
            let mut count = 0;
            assert_eq!(module.finalise(), none);
            let null = std::ptr::null_mut();
            assert_eq!(call!(module, C_GetSlotList, 0, null, &raw mut count), none);
            assert_eq!(module.open(0), Err(none));
            assert_eq!(module.session_state(1), Err(none));
            assert_eq!(module.find(1, &[], 1), Err(none));
            assert_eq!(module.sign(1, &[]), Err(none));

            assert_eq!(module.initialise(), ck::CKR_OK);
            assert_eq!(module.initialise(), ck::CKR_CRYPTOKI_ALREADY_INITIALIZED);
            assert!(module.is_present(0));
            let session = module.open(0).unwrap();
            assert_eq!(module.finalise(), ck::CKR_OK);
            assert_eq!(module.initialise(), ck::CKR_OK);
            let told = module.session_state(session);
            assert_eq!(told, Err(ck::CKR_SESSION_HANDLE_INVALID));
            assert_eq!(module.finalise(), ck::CKR_OK);
        }

        // NULL arguments are good, half a set of callbacks or a reserved
        // pointer are not.
        let initialise = |arguments: &mut ck::CK_C_INITIALIZE_ARGS| {
            call!(module, C_Initialize, std::ptr::from_mut(arguments).cast())
        };
        let mut arguments = ck::CK_C_INITIALIZE_ARGS {
            CreateMutex: None,
            DestroyMutex: None,
            LockMutex: Some(lock),
            UnlockMutex: Some(lock),
            flags: 0,
            pReserved: std::ptr::null_mut(),
        };
        assert_eq!(initialise(&mut arguments), ck::CKR_ARGUMENTS_BAD);
        arguments.LockMutex = None;
        arguments.UnlockMutex = None;
        arguments.pReserved = std::ptr::dangling_mut::<u8>().cast();
        assert_eq!(initialise(&mut arguments), ck::CKR_ARGUMENTS_BAD);
        assert_eq!(
            call!(module, C_Initialize, std::ptr::null_mut()),
            ck::CKR_OK
        );
    });
}

#[test]
fn two_copies_in_one_process_are_two_modules() {
    alone("two_copies_in_one_process_are_two_modules", || {
        let mut host = Host::of_browser(&[1]);
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (Module::ready(), Module::load_copy(folder.path()));
        // The same file again is the same module.
        let again = Module::load();
        assert_eq!(again.initialise(), ck::CKR_CRYPTOKI_ALREADY_INITIALIZED);
        assert_eq!(second.initialise(), ck::CKR_OK);
        for module in [first, second] {
            assert!(module.is_present(0));
            let session = module.open(0).unwrap();
            let key = module.key(session);
            assert_eq!(module.sign_init_pss(session, PSS_SHA256, key), ck::CKR_OK);
            assert!(module.sign(session, &[0; 32]).is_ok());
        }
        assert_eq!(first.finalise(), ck::CKR_OK);
        assert!(second.is_present(0));
        host.wait_for_open(1);
    });
}

#[test]
fn threads_initialise_and_use_it_together() {
    alone("threads_initialise_and_use_it_together", || {
        let _host = Host::of_browser(&[1]);
        let module = Module::load();
        let threads: Vec<_> = (0..8)
            .map(|_| thread::spawn(move || module.initialise()))
            .collect();
        let outcomes: Vec<_> = threads.into_iter().map(|it| it.join().unwrap()).collect();
        let good = outcomes
            .iter()
            .filter(|value| **value == ck::CKR_OK)
            .count();
        assert_eq!(good, 1, "{outcomes:?}");

        let threads: Vec<_> = (0..8)
            .map(|_| {
                thread::spawn(move || {
                    for _ in 0..20 {
                        assert!(module.is_present(0));
                        let session = module.open(0).unwrap();
                        let key = module.key(session);
                        assert_eq!(module.sign_init_pss(session, PSS_SHA256, key), ck::CKR_OK);
                        assert!(module.sign(session, &[0; 32]).is_ok());
                        assert_eq!(call!(module, C_CloseSession, session), ck::CKR_OK);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn closing_ends_a_signature_that_waits() {
    alone("closing_ends_a_signature_that_waits", || {
        type Ending = fn(Module, ck::CK_SESSION_HANDLE) -> ck::CK_RV;
        let mut host = Host::of_browser(&[1]);
        host.order(Order::Sign(Signing::Never));
        let module = Module::ready();
        let endings: [(&str, Ending); 3] = [
            ("C_CloseSession", |module, session| {
                call!(module, C_CloseSession, session)
            }),
            ("C_CloseAllSessions", |module, _| {
                call!(module, C_CloseAllSessions, 0)
            }),
            ("C_Finalize", |module, _| module.finalise()),
        ];
        for (what, end) in endings {
            assert!(module.is_present(0));
            let session = module.open(0).unwrap();
            let key = module.key(session);
            assert_eq!(module.sign_init_pss(session, PSS_SHA256, key), ck::CKR_OK);
            let signer = thread::spawn(move || module.sign(session, &[0; 32]));
            thread::sleep(Duration::from_millis(300));
            let told = within(Duration::from_secs(2), || {
                assert_eq!(end(module, session), ck::CKR_OK, "{what}");
                signer.join().unwrap()
            });
            assert_eq!(told, Err(ck::CKR_SESSION_CLOSED), "{what}");
        }
        // The host hears that nobody waits.
        host.wait_for_open(0);
    });
}

/// The child must neither use the parent's connection nor be held up by what
/// the parent's threads had locked.
const FORK: &str = r#"
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
typedef unsigned long ul;
/* The first 68 places of a CK_FUNCTION_LIST, after the version. */
struct list { unsigned char version[2]; void *f[68]; };
static struct list *l;
static ul no_args(int i) { return ((ul (*)(void *))l->f[i])(NULL); }
static ul initialise(void) { return no_args(0); }
static ul finalise(void) { return no_args(1); }
static ul slots(ul *n) { return ((ul (*)(unsigned char, ul *, ul *))l->f[4])(1, NULL, n); }
static void *busy(void *unused) { ul n; for (;;) slots(&n); return unused; }
static int check(const char *what, ul got, ul want) {
    if (got == want) return 0;
    printf("%s: %#lx, not %#lx\n", what, got, want);
    fflush(stdout);
    return 1;
}
int main(int argc, char **argv) {
    (void)argc;
    void *library = dlopen(argv[1], RTLD_NOW);
    if (!library) { puts(dlerror()); return 1; }
    ul (*get)(struct list **) = (ul (*)(struct list **))dlsym(library, "C_GetFunctionList");
    ul n = 9;
    pthread_t thread;
    if (check("list", get(&l), 0) || check("initialise", initialise(), 0)) return 1;
    if (check("slots", slots(&n), 0) || check("count", n, 1)) return 1;
    for (int i = 0; i < 4; i++) pthread_create(&thread, NULL, busy, NULL);
    for (int i = 0; i < 50; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(20);
            int bad = 0;
            bad += check("child slots", slots(&n), 0x190);
            bad += check("child finalise", finalise(), 0x190);
            bad += check("child initialise", initialise(), 0);
            bad += check("child again", initialise(), 0x191);
            bad += check("child slots after", slots(&n), 0);
            bad += check("child count", n, 1);
            bad += check("child finalise after", finalise(), 0);
            _exit(bad);
        }
        int status;
        waitpid(child, &status, 0);
        if (check("child", status, 0)) return 1;
        if (check("parent slots", slots(&n), 0) || check("parent count", n, 1)) return 1;
    }
    return check("finalise", finalise(), 0);
}
"#;

#[test]
fn a_forked_child_begins_anew() {
    alone("a_forked_child_begins_anew", || {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("fork.c");
        let program = folder.path().join("fork");
        fs::write(&source, FORK).unwrap();
        let (good, said) = run(Command::new("cc")
            .args(["-Wall", "-o"])
            .arg(&program)
            .arg(&source)
            .args(["-ldl", "-lpthread"]));
        assert!(good, "{said}");
        // The agent, so that parent and child may both talk to it.
        let mut agent = Host::agent(&[1]);
        let (good, said) = run(Command::new(&program).arg(library()));
        assert!(good, "{said}");
        assert_eq!(said, "", "nothing on stdout or stderr");
        assert!(
            agent.count().hello >= 51,
            "each child has a connection of its own"
        );
    });
}
