//! In a browser with a host of its own: no login, the host asks the person.
#![cfg(target_os = "linux")]

use std::thread;
use std::time::{Duration, Instant};

use cryptoki_sys as ck;
use kagibashi_pkcs11_tests::call;
use kagibashi_pkcs11_tests::host::Host;
use kagibashi_pkcs11_tests::module::{Module, PSS_SHA256, digest_info};
use kagibashi_pkcs11_tests::scenario::{alone, within};
use kagibashi_pkcs11_tests::script::{Order, Signing};
use kagibashi_pkcs11_tests::token::{MIXED, P256, SoftToken};
use kagibashi_protocol::ErrorCode;
use kagibashi_protocol::agent::Algorithm;

/// What a browser does from start to page, in its order.
#[test]
fn signs_for_tls_without_a_login() {
    alone("signs_for_tls_without_a_login", || {
        let mut host = Host::of_browser(&[1]);
        let token = SoftToken::new(1);
        let module = Module::ready();

        assert_eq!(module.slots(false), [0, 1, 2, 3]);
        assert!(module.is_present(0) && !module.is_present(1));
        assert_eq!(module.slots(true), [0]);
        let info = module.token_info(0).unwrap();
        let flags = info.flags;
        assert_eq!(flags, ck::CKF_TOKEN_INITIALIZED | ck::CKF_WRITE_PROTECTED);
        assert_eq!(&info.label[..], "デモトークン              ".as_bytes());
        assert_eq!(&info.serialNumber, b"0000000000000001");

        let session = module.open(0).unwrap();
        assert_eq!(module.session_state(session), Ok(ck::CKS_RO_PUBLIC_SESSION));
        let before = host.count();

        let certificates = module.of_class(session, ck::CKO_CERTIFICATE);
        assert_eq!(certificates.len(), 2, "the broken one is left out");
        let leaf = certificates[0];
        let value = module.attribute(session, leaf, ck::CKA_VALUE).unwrap();
        assert_eq!(value, token.certificate().der);
        let id = module.attribute(session, leaf, ck::CKA_ID).unwrap();
        let template = [
            (ck::CKA_ID, &id[..]),
            (ck::CKA_CLASS, &ck::CKO_PRIVATE_KEY.to_ne_bytes()),
        ];
        let keys = module.find(session, &template, 1).unwrap();
        let [key] = keys[..] else { panic!("{keys:?}") };
        for (kind, expected) in [
            (ck::CKA_KEY_TYPE, ck::CKK_RSA.to_ne_bytes().to_vec()),
            (ck::CKA_TOKEN, vec![1]),
            (ck::CKA_PRIVATE, vec![0]),
            (ck::CKA_SIGN, vec![1]),
            (ck::CKA_SENSITIVE, vec![1]),
            (ck::CKA_ALWAYS_AUTHENTICATE, vec![0]),
            (ck::CKA_PUBLIC_EXPONENT, vec![1, 0, 1]),
        ] {
            assert_eq!(
                module.attribute(session, key, kind),
                Ok(expected),
                "{kind:#x}"
            );
        }
        let modulus = module.attribute(session, key, ck::CKA_MODULUS).unwrap();
        assert_eq!(modulus.len(), 256);

        // NSS's other searches, and what it asks of what it has found.
        for class in [0x9, 0xb, 0xce53_4353, 0xce53_4354] {
            assert!(module.of_class(session, class).is_empty());
        }
        for kind in [ck::CKA_ISSUER, ck::CKA_SUBJECT, ck::CKA_SERIAL_NUMBER] {
            let value = module.attribute(session, leaf, kind).unwrap();
            let found = module.find(session, &[(kind, &value)], 16).unwrap();
            assert!(found.contains(&leaf), "{kind:#x}");
        }
        // Nothing of this has reached the host.
        assert_eq!(host.count(), before);

        let hash = [0x5A; 32];
        assert_eq!(module.sign_init_pss(session, PSS_SHA256, key), ck::CKR_OK);
        let signature = module.sign(session, &hash).unwrap();
        assert!(token.verifies(Algorithm::Ps256, &hash, &signature));
        assert_eq!(module.sign_init(session, ck::CKM_RSA_PKCS, key), ck::CKR_OK);
        let signature = module.sign(session, &digest_info(hash)).unwrap();
        assert!(token.verifies(Algorithm::Rs256, &hash, &signature));
        let after = host.count();
        assert_eq!((after.sign, after.login), (2, 0));
        host.wait_for_open(1);

        // No PIN goes anywhere from here.
        assert_eq!(
            module.login(session, b"12345678"),
            ck::CKR_USER_PIN_NOT_INITIALIZED
        );
        assert_eq!(host.count().login, 0);
        assert_eq!(module.finalise(), ck::CKR_OK);
    });
}

/// The mechanisms that the token in the first slot has.
fn mechanisms(module: Module) -> Vec<ck::CK_MECHANISM_TYPE> {
    let mut list = [0; 8];
    let mut count = 8;
    let got = call!(
        module,
        C_GetMechanismList,
        0,
        list.as_mut_ptr(),
        &raw mut count
    );
    assert_eq!(got, ck::CKR_OK);
    list[..usize::try_from(count).unwrap()].to_vec()
}

#[test]
fn offers_what_its_keys_do_and_refuses_all_others() {
    alone("offers_what_its_keys_do_and_refuses_all_others", || {
        for (token, expected) in [
            (1, &[ck::CKM_RSA_PKCS, ck::CKM_RSA_PKCS_PSS][..]),
            (P256, &[ck::CKM_ECDSA]),
            (
                MIXED,
                &[ck::CKM_RSA_PKCS, ck::CKM_RSA_PKCS_PSS, ck::CKM_ECDSA],
            ),
        ] {
            let _host = Host::of_browser(&[token]);
            let module = Module::ready();
            assert!(module.is_present(0));
            let session = module.open(0).unwrap();
            let key = module.of_class(session, ck::CKO_PRIVATE_KEY)[0];
            assert_eq!(mechanisms(module), expected);
            for mechanism in (0..0x400).chain(0x1040..0x1060).chain([0x8000_0000]) {
                let mut info = ck::CK_MECHANISM_INFO::default();
                let told = call!(module, C_GetMechanismInfo, 0, mechanism, &raw mut info);
                if expected.contains(&mechanism) {
                    assert_eq!(told, ck::CKR_OK);
                    let flags = info.flags;
                    let signs = ck::CKF_HW | ck::CKF_SIGN;
                    assert_eq!(flags & signs, signs);
                    let others = ck::CKF_VERIFY | ck::CKF_DERIVE | ck::CKF_DECRYPT;
                    assert_eq!(flags & others, 0);
                } else {
                    assert_eq!(told, ck::CKR_MECHANISM_INVALID, "{mechanism:#x}");
                    let begun = module.sign_init(session, mechanism, key);
                    assert_eq!(begun, ck::CKR_MECHANISM_INVALID, "{mechanism:#x}");
                }
            }
            assert_eq!(module.finalise(), ck::CKR_OK);
        }
    });
}

#[test]
fn says_what_came_of_the_question_to_the_person() {
    alone("says_what_came_of_the_question_to_the_person", || {
        let mut host = Host::of_browser(&[1]);
        let module = Module::ready();
        assert!(module.is_present(0));
        let session = module.open(0).unwrap();
        let key = module.key(session);
        for (signing, expected) in [
            (
                Signing::Fails(ErrorCode::Cancelled),
                ck::CKR_FUNCTION_CANCELED,
            ),
            (
                Signing::Fails(ErrorCode::TimedOut),
                ck::CKR_FUNCTION_CANCELED,
            ),
            (Signing::Fails(ErrorCode::PinLocked), ck::CKR_PIN_LOCKED),
            (
                Signing::Fails(ErrorCode::TokenRemoved),
                ck::CKR_DEVICE_REMOVED,
            ),
            (Signing::Fails(ErrorCode::MuteToken), ck::CKR_DEVICE_ERROR),
            (Signing::Short, ck::CKR_DEVICE_ERROR),
            (Signing::Garbled, ck::CKR_DEVICE_ERROR),
            (Signing::HangsUp, ck::CKR_DEVICE_ERROR),
        ] {
            host.order(Order::Sign(signing));
            assert_eq!(module.sign_init(session, ck::CKM_RSA_PKCS, key), ck::CKR_OK);
            let outcome = module.sign(session, &digest_info([0; 32]));
            assert_eq!(outcome, Err(expected), "{signing:?}");
            // Whatever came of it, the operation has ended.
            let again = module.sign(session, &digest_info([0; 32]));
            assert_eq!(again, Err(ck::CKR_OPERATION_NOT_INITIALIZED), "{signing:?}");
        }
        host.order(Order::Sign(Signing::After(0)));
        assert_eq!(module.sign_init(session, ck::CKM_RSA_PKCS, key), ck::CKR_OK);
        assert!(module.sign(session, &digest_info([0; 32])).is_ok());
    });
}

#[test]
fn a_slow_signature_holds_nothing_up() {
    alone("a_slow_signature_holds_nothing_up", || {
        let mut host = Host::of_browser(&[1]);
        let module = Module::ready();
        assert!(module.is_present(0));
        let session = module.open(0).unwrap();
        let key = module.key(session);
        host.order(Order::Sign(Signing::After(1_500)));
        let begin = Instant::now();
        let signers: Vec<_> = (0..100)
            .map(|_| {
                let own = module.open(0).unwrap();
                assert_eq!(module.sign_init_pss(own, PSS_SHA256, key), ck::CKR_OK);
                thread::spawn(move || module.sign(own, &[1; 32]).map(|made| made.len()))
            })
            .collect();
        thread::sleep(Duration::from_millis(300));
        for _ in 0..50 {
            within(Duration::from_millis(500), || {
                assert!(module.is_present(0));
                assert_eq!(module.of_class(session, ck::CKO_CERTIFICATE).len(), 2);
            });
        }
        for signer in signers {
            assert_eq!(signer.join().unwrap(), Ok(256));
        }
        // One after the other it would have been 150 s.
        assert!(
            begin.elapsed() < Duration::from_secs(30),
            "{:?}",
            begin.elapsed()
        );
    });
}

#[test]
fn tokens_come_go_and_are_swapped() {
    alone("tokens_come_go_and_are_swapped", || {
        let mut host = Host::of_browser(&[]);
        let module = Module::ready();
        // As NSS: the list of slots once, before any token.
        assert_eq!(module.slots(false), [0, 1, 2, 3]);
        assert!(module.slots(true).is_empty());
        assert_eq!(module.open(0), Err(ck::CKR_TOKEN_NOT_PRESENT));

        host.order(Order::Insert(1));
        assert!(module.is_present(0));
        let session = module.open(0).unwrap();
        let key = module.key(session);
        assert_eq!(module.sign_init_pss(session, PSS_SHA256, key), ck::CKR_OK);

        // Pulled out: the signature that was begun says so, then the session
        // is gone.
        host.order(Order::Remove(1));
        assert_eq!(module.sign(session, &[0; 32]), Err(ck::CKR_DEVICE_REMOVED));
        assert!(!module.is_present(0));
        assert_eq!(
            module.session_state(session),
            Err(ck::CKR_SESSION_HANDLE_INVALID)
        );
        assert!(
            module
                .token_info(0)
                .is_err_and(|it| it == ck::CKR_TOKEN_NOT_PRESENT)
        );

        // Another one gets another slot; the first comes back to its own.
        host.order(Order::Insert(2));
        assert_eq!(module.slots(true), [1]);
        host.order(Order::Insert(1));
        assert_eq!(module.slots(true), [0, 1]);
        assert_eq!(
            module.session_state(session),
            Err(ck::CKR_SESSION_HANDLE_INVALID)
        );

        // Two tokens at once: each session has its own objects.
        let (first, second) = (module.open(0).unwrap(), module.open(1).unwrap());
        let (one, two) = (module.key(first), module.key(second));
        assert_ne!(one, two);
        // NSS signs with a key that it found before the token was out.
        assert_eq!(one, key, "a token that comes back has its old handles");
        let other = module.attribute(first, two, ck::CKA_CLASS);
        assert_eq!(other, Err(ck::CKR_OBJECT_HANDLE_INVALID));
        assert_eq!(
            module.sign_init(first, ck::CKM_RSA_PKCS, two),
            ck::CKR_KEY_HANDLE_INVALID
        );
        assert_eq!(module.sign_init_pss(second, PSS_SHA256, two), ck::CKR_OK);
        let signature = module.sign(second, &[9; 32]).unwrap();
        assert!(SoftToken::new(2).verifies(Algorithm::Ps256, &[9; 32], &signature));

        // Out and in again while a person is asked: the handshake that waits is
        // not given up. With the signature it is as if the token had stayed.
        assert_eq!(module.sign_init_pss(second, PSS_SHA256, two), ck::CKR_OK);
        host.order(Order::Sign(Signing::After(1_500)));
        let waiting = thread::spawn(move || module.sign(second, &[9; 32]).map(|made| made.len()));
        thread::sleep(Duration::from_millis(300));
        host.order(Order::Remove(2));
        host.order(Order::Insert(2));
        assert!(module.is_present(1));
        assert_eq!(waiting.join().unwrap(), Ok(256));
        assert!(module.session_state(second).is_ok());
        host.order(Order::Sign(Signing::After(0)));
        assert_eq!(module.sign_init_pss(second, PSS_SHA256, two), ck::CKR_OK);
        assert!(module.sign(second, &[9; 32]).is_ok());
        assert!(module.session_state(first).is_ok());

        let mut slot = 99;
        let event = |slot: &mut ck::CK_SLOT_ID| {
            call!(
                module,
                C_WaitForSlotEvent,
                ck::CKF_DONT_BLOCK,
                slot,
                std::ptr::null_mut()
            )
        };
        while event(&mut slot) == ck::CKR_OK {}
        assert_eq!(event(&mut slot), ck::CKR_NO_EVENT);
        host.order(Order::Remove(1));
        assert_eq!((event(&mut slot), slot), (ck::CKR_OK, 0));
        assert_eq!(event(&mut slot), ck::CKR_NO_EVENT);
    });
}

/// NSS asks whether its first session with a token goes on after it has signed:
/// if not, Firefox gives up the connection and tells nobody. And it believes
/// for 10 seconds what it was told.
#[test]
fn a_browser_hears_of_a_removal_between_two_handshakes_and_never_in_one() {
    alone(
        "a_browser_hears_of_a_removal_between_two_handshakes_and_never_in_one",
        || {
            let mut host = Host::of_browser(&[1, 2]);
            let module = Module::ready();
            let gone = Err(ck::CKR_SESSION_HANDLE_INVALID);
            let key = module.key(module.open(0).unwrap());
            let pull = |host: &mut Host| {
                host.order(Order::Remove(1));
                host.order(Order::Insert(1));
            };
            let signing = |session| thread::spawn(move || module.sign(session, &[1; 32]));

            // Out and in before a handshake that still believes the last look.
            let first = module.open(0).unwrap();
            pull(&mut host);
            let own = module.open(0).unwrap();
            assert_eq!(module.key(first), key);
            assert_eq!(module.sign_init_pss(own, PSS_SHA256, key), ck::CKR_OK);
            host.order(Order::Sign(Signing::After(500)));
            let waiting = signing(own);
            thread::sleep(Duration::from_millis(250));
            assert!(module.session_state(first).is_ok(), "while it signs");
            assert!(waiting.join().unwrap().is_ok());
            assert!(module.session_state(first).is_ok(), "signed since");

            // Without a signature it counts.
            pull(&mut host);
            let own = module.open(0).unwrap();
            assert_eq!(module.sign_init_pss(own, PSS_SHA256, key), ck::CKR_OK);
            host.order(Order::Sign(Signing::Fails(ErrorCode::Cancelled)));
            let cancelled = module.sign(own, &[1; 32]);
            assert_eq!(cancelled, Err(ck::CKR_FUNCTION_CANCELED));
            assert_eq!(module.session_state(first), gone);
            assert_eq!(module.session_state(first), gone, "it has ended");

            // Out while a person is asked, with another token in: it stays in
            // sight as long, and is seen to be out afterwards.
            let first = module.open(0).unwrap();
            let own = module.open(0).unwrap();
            assert_eq!(module.sign_init_pss(own, PSS_SHA256, key), ck::CKR_OK);
            host.order(Order::Sign(Signing::After(500)));
            let waiting = signing(own);
            thread::sleep(Duration::from_millis(250));
            host.order(Order::Remove(1));
            assert!(module.is_present(0) && module.is_present(1));
            assert!(module.session_state(first).is_ok());
            assert!(waiting.join().unwrap().is_ok());
            assert!(!module.is_present(0) && module.is_present(1));
            assert_eq!(module.session_state(first), gone);
        },
    );
}
