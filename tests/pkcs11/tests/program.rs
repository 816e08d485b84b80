//! In any other program: an ordinary token with a login, through the agent.
#![cfg(target_os = "linux")]

use std::thread;
use std::time::Duration;

use cryptoki_sys as ck;
use kagibashi_pkcs11_tests::call;
use kagibashi_pkcs11_tests::host::Host;
use kagibashi_pkcs11_tests::module::{Module, PSS_SHA256};
use kagibashi_pkcs11_tests::scenario::{alone, within};
use kagibashi_pkcs11_tests::script::{Order, Signing};
use kagibashi_pkcs11_tests::token::SoftToken;
use kagibashi_protocol::agent::Algorithm;

const PIN: &[u8] = b"12345678";

fn flags(module: Module) -> ck::CK_FLAGS {
    module.token_info(0).unwrap().flags
}

fn logout(module: Module, session: ck::CK_SESSION_HANDLE) -> ck::CK_RV {
    call!(module, C_Logout, session)
}

#[test]
fn keys_show_and_sign_after_a_login() {
    alone("keys_show_and_sign_after_a_login", || {
        let mut host = Host::agent(&[1]);
        let module = Module::ready();
        assert_eq!(module.slots(true), [0]);
        assert_eq!(
            flags(module),
            ck::CKF_TOKEN_INITIALIZED | ck::CKF_LOGIN_REQUIRED | ck::CKF_USER_PIN_INITIALIZED
        );
        let session = module.open(0).unwrap();
        let other = module.open(0).unwrap();
        assert_eq!(module.of_class(session, ck::CKO_CERTIFICATE).len(), 2);
        assert_eq!(module.of_class(session, ck::CKO_PUBLIC_KEY).len(), 1);
        assert!(module.of_class(session, ck::CKO_PRIVATE_KEY).is_empty());
        // Its handle can be guessed; that is no way in.
        let certificates = module.of_class(session, ck::CKO_CERTIFICATE);
        let guessed = certificates[0] + 1;
        assert_eq!(
            module.attribute(session, guessed, ck::CKA_MODULUS),
            Err(ck::CKR_OBJECT_HANDLE_INVALID)
        );
        assert_eq!(
            module.sign_init_pss(session, PSS_SHA256, guessed),
            ck::CKR_USER_NOT_LOGGED_IN
        );
        assert_eq!(logout(module, session), ck::CKR_USER_NOT_LOGGED_IN);

        assert_eq!(module.login(session, PIN), ck::CKR_OK);
        assert_eq!(module.login(other, PIN), ck::CKR_USER_ALREADY_LOGGED_IN);
        // All sessions of the program are logged in.
        assert_eq!(module.session_state(other), Ok(ck::CKS_RO_USER_FUNCTIONS));
        let writing = ck::CKF_SERIAL_SESSION | ck::CKF_RW_SESSION;
        let writer = module.open_with(0, writing).unwrap();
        assert_eq!(module.session_state(writer), Ok(ck::CKS_RW_USER_FUNCTIONS));
        assert_eq!(call!(module, C_CloseSession, writer), ck::CKR_OK);
        let key = module.key(other);
        assert_eq!(module.attribute(other, key, ck::CKA_PRIVATE), Ok(vec![1]));
        assert_eq!(module.sign_init_pss(other, PSS_SHA256, key), ck::CKR_OK);
        let signature = module.sign(other, &[3; 32]).unwrap();
        assert!(SoftToken::new(1).verifies(Algorithm::Ps256, &[3; 32], &signature));

        // A signature that was begun before the logout must not be made.
        assert_eq!(module.sign_init_pss(session, PSS_SHA256, key), ck::CKR_OK);
        assert_eq!(logout(module, other), ck::CKR_OK);
        assert_eq!(
            module.sign(session, &[3; 32]),
            Err(ck::CKR_USER_NOT_LOGGED_IN)
        );
        assert!(module.of_class(session, ck::CKO_PRIVATE_KEY).is_empty());
        let count = host.count();
        assert_eq!((count.login, count.logout, count.sign), (1, 1, 1));

        // The login ends with the last session, and its connection too.
        assert_eq!(module.login(session, PIN), ck::CKR_OK);
        assert_eq!(call!(module, C_CloseSession, session), ck::CKR_OK);
        assert_eq!(module.session_state(other), Ok(ck::CKS_RO_USER_FUNCTIONS));
        host.wait_for_open(2);
        assert_eq!(call!(module, C_CloseAllSessions, 0), ck::CKR_OK);
        assert_eq!(host.count().logout, 2);
        host.wait_for_open(1);
        let session = module.open(0).unwrap();
        assert_eq!(module.session_state(session), Ok(ck::CKS_RO_PUBLIC_SESSION));
    });
}

#[test]
fn wrong_pins_are_told_one_to_one() {
    alone("wrong_pins_are_told_one_to_one", || {
        let mut host = Host::agent(&[1]);
        let module = Module::ready();
        assert_eq!(module.slots(true), [0]);
        let session = module.open(0).unwrap();
        let login = |pin: &[u8]| module.login(session, pin);
        assert_eq!(login(b"123"), ck::CKR_PIN_LEN_RANGE);
        assert_eq!(login(&[b'1'; 17]), ck::CKR_PIN_LEN_RANGE);
        assert_eq!(host.count().login, 2);
        // These don't even leave the module.
        assert_eq!(login(&[b'1'; 256]), ck::CKR_PIN_LEN_RANGE);
        assert_eq!(login(&[0xFF; 8]), ck::CKR_PIN_INCORRECT);
        assert_eq!(host.count().login, 2);
        for user in [ck::CKU_SO, 7] {
            let value = call!(module, C_Login, session, user, PIN.as_ptr().cast_mut(), 8);
            assert_eq!(value, ck::CKR_USER_TYPE_INVALID);
        }
        assert_eq!(flags(module) & ck::CKF_USER_PIN_COUNT_LOW, 0);

        assert_eq!(login(b"87654321"), ck::CKR_PIN_INCORRECT);
        assert_ne!(flags(module) & ck::CKF_USER_PIN_COUNT_LOW, 0);
        assert_eq!(login(PIN), ck::CKR_OK);
        assert_eq!(flags(module) & ck::CKF_USER_PIN_COUNT_LOW, 0);
        assert_eq!(logout(module, session), ck::CKR_OK);

        for left in (0..10).rev() {
            assert_eq!(login(b"87654321"), ck::CKR_PIN_INCORRECT);
            let final_try = flags(module) & ck::CKF_USER_PIN_FINAL_TRY != 0;
            assert_eq!(final_try, left == 1, "{left} left");
        }
        assert_eq!(login(PIN), ck::CKR_PIN_LOCKED);
        assert_ne!(flags(module) & ck::CKF_USER_PIN_LOCKED, 0);
    });
}

#[test]
fn a_login_ends_with_the_token_and_with_the_agent() {
    alone("a_login_ends_with_the_token_and_with_the_agent", || {
        let mut host = Host::agent(&[1]);
        let module = Module::ready();
        assert_eq!(module.slots(true), [0]);
        let session = module.open(0).unwrap();
        assert_eq!(module.login(session, PIN), ck::CKR_OK);
        host.order(Order::Remove(1));
        host.order(Order::Insert(1));
        assert_eq!(
            module.session_state(session),
            Err(ck::CKR_SESSION_HANDLE_INVALID)
        );
        let session = module.open(0).unwrap();
        assert_eq!(module.session_state(session), Ok(ck::CKS_RO_PUBLIC_SESSION));
        assert_eq!(module.login(session, PIN), ck::CKR_OK);

        host.kill();
        let _next = Host::agent(&[1]);
        assert_eq!(
            module.session_state(session),
            Err(ck::CKR_SESSION_HANDLE_INVALID)
        );
        let session = module.open(0).unwrap();
        assert!(module.of_class(session, ck::CKO_PRIVATE_KEY).is_empty());
    });
}

#[test]
fn a_logout_during_a_signature_is_not_kept_waiting() {
    alone("a_logout_during_a_signature_is_not_kept_waiting", || {
        let mut host = Host::agent(&[1]);
        let module = Module::ready();
        assert_eq!(module.slots(true), [0]);
        let session = module.open(0).unwrap();
        assert_eq!(module.login(session, PIN), ck::CKR_OK);
        let key = module.key(session);
        host.order(Order::Sign(Signing::After(2_000)));
        assert_eq!(module.sign_init_pss(session, PSS_SHA256, key), ck::CKR_OK);
        let signer = thread::spawn(move || module.sign(session, &[1; 32]));
        thread::sleep(Duration::from_millis(300));
        within(Duration::from_secs(1), || {
            assert_eq!(logout(module, session), ck::CKR_OK);
        });
        assert!(signer.join().unwrap().is_ok());
        assert_eq!(module.session_state(session), Ok(ck::CKS_RO_PUBLIC_SESSION));
        host.wait_for_open(1);
    });
}
