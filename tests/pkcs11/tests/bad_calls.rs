//! What a program may pass by mistake.
#![cfg(target_os = "linux")]

use std::ptr::null_mut;

use cryptoki_sys as ck;
use cryptoki_sys::{CK_ATTRIBUTE, CK_RSA_PKCS_PSS_PARAMS, CK_ULONG};
use kagibashi_pkcs11_tests::call;
use kagibashi_pkcs11_tests::host::Host;
use kagibashi_pkcs11_tests::module::{Module, PSS_SHA256, digest_info};
use kagibashi_pkcs11_tests::scenario::alone;

const WRONG: CK_ULONG = CK_ULONG::MAX;

fn with_token(test: &str, scenario: fn(&mut Host, Module, ck::CK_SESSION_HANDLE)) {
    alone(test, || {
        let mut host = Host::of_browser(&[1]);
        let module = Module::ready();
        assert!(module.is_present(0));
        let session = module.open(0).unwrap();
        scenario(&mut host, module, session);
    });
}

#[test]
fn null_pointers() {
    with_token("null_pointers", |_, module, session| {
        let bad = ck::CKR_ARGUMENTS_BAD;
        let key = module.key(session);
        assert_eq!(call!(module, C_GetFunctionList, null_mut()), bad);
        assert_eq!(call!(module, C_GetInfo, null_mut()), bad);
        assert_eq!(call!(module, C_GetSlotList, 0, null_mut(), null_mut()), bad);
        assert_eq!(call!(module, C_GetSlotInfo, 0, null_mut()), bad);
        assert_eq!(call!(module, C_GetTokenInfo, 0, null_mut()), bad);
        assert_eq!(
            call!(module, C_GetMechanismList, 0, null_mut(), null_mut()),
            bad
        );
        assert_eq!(
            call!(module, C_GetMechanismInfo, 0, ck::CKM_RSA_PKCS, null_mut()),
            bad
        );
        assert_eq!(
            call!(module, C_OpenSession, 0, 4, null_mut(), None, null_mut()),
            bad
        );
        assert_eq!(call!(module, C_GetSessionInfo, session, null_mut()), bad);
        assert_eq!(
            call!(module, C_Login, session, ck::CKU_USER, null_mut(), 8),
            bad
        );
        assert_eq!(
            call!(module, C_GetAttributeValue, session, key, null_mut(), 1),
            bad
        );
        assert_eq!(
            call!(module, C_FindObjectsInit, session, null_mut(), 1),
            bad
        );
        assert_eq!(call!(module, C_SignInit, session, null_mut(), key), bad);
        assert_eq!(
            call!(module, C_WaitForSlotEvent, 1, null_mut(), null_mut()),
            bad
        );
        let mut slot = 0;
        assert_eq!(call!(module, C_Finalize, (&raw mut slot).cast()), bad);

        let mut pointer_to_nothing = CK_ATTRIBUTE {
            type_: ck::CKA_ID,
            pValue: null_mut(),
            ulValueLen: 20,
        };
        let template = &raw mut pointer_to_nothing;
        assert_eq!(call!(module, C_FindObjectsInit, session, template, 1), bad);
        assert_eq!(
            call!(module, C_FindObjectsInit, session, null_mut(), 0),
            ck::CKR_OK
        );
        assert_eq!(
            call!(module, C_FindObjects, session, null_mut(), 1, null_mut()),
            bad
        );
        let mut count = 0;
        assert_eq!(
            call!(
                module,
                C_FindObjects,
                session,
                null_mut(),
                1,
                &raw mut count
            ),
            bad
        );
        assert_eq!(call!(module, C_FindObjectsFinal, session), ck::CKR_OK);
    });
}

#[test]
fn null_pointers_for_a_signature() {
    with_token("null_pointers_for_a_signature", |_, module, session| {
        let bad = ck::CKR_ARGUMENTS_BAD;
        let key = module.key(session);
        // A PSS mechanism without, or with half a parameter.
        let mut parameters = PSS_SHA256;
        for (parameter, length) in [
            (null_mut(), 24),
            (null_mut(), 0),
            ((&raw mut parameters).cast(), 23),
            ((&raw mut parameters).cast(), 0),
            ((&raw mut parameters).cast(), WRONG),
        ] {
            let mut mechanism = ck::CK_MECHANISM {
                mechanism: ck::CKM_RSA_PKCS_PSS,
                pParameter: parameter,
                ulParameterLen: length,
            };
            let value = call!(module, C_SignInit, session, &raw mut mechanism, key);
            assert_eq!(value, ck::CKR_MECHANISM_PARAM_INVALID);
        }

        // C_Sign without a place for the length, and without data.
        let sign = |data: *mut u8, signature: *mut u8, length: *mut CK_ULONG| {
            assert_eq!(module.sign_init(session, ck::CKM_RSA_PKCS, key), ck::CKR_OK);
            let value = call!(module, C_Sign, session, data, 51, signature, length);
            let ended = call!(module, C_Sign, session, data, 51, signature, length);
            assert_eq!(ended, ck::CKR_OPERATION_NOT_INITIALIZED);
            value
        };
        let mut data = digest_info([1; 32]);
        let mut signature = [0; 256];
        let mut length = 256;
        assert_eq!(
            sign(data.as_mut_ptr(), signature.as_mut_ptr(), null_mut()),
            bad
        );
        assert_eq!(
            sign(null_mut(), signature.as_mut_ptr(), &raw mut length),
            bad
        );
    });
}

#[test]
fn wrong_handles_and_flags() {
    with_token("wrong_handles_and_flags", |_, module, session| {
        for slot in [4, 5, WRONG] {
            let mut info = ck::CK_SLOT_INFO::default();
            let wrong = ck::CKR_SLOT_ID_INVALID;
            assert_eq!(call!(module, C_GetSlotInfo, slot, &raw mut info), wrong);
            assert!(module.token_info(slot).is_err_and(|value| value == wrong));
            assert_eq!(module.open(slot), Err(wrong));
            assert_eq!(call!(module, C_CloseAllSessions, slot), wrong);
            assert_eq!(
                call!(module, C_GetMechanismList, slot, null_mut(), null_mut()),
                wrong
            );
        }
        assert_eq!(module.open(1), Err(ck::CKR_TOKEN_NOT_PRESENT));
        assert_eq!(
            module.open_with(0, 0),
            Err(ck::CKR_SESSION_PARALLEL_NOT_SUPPORTED)
        );
        let writing = ck::CKF_SERIAL_SESSION | ck::CKF_RW_SESSION;
        assert_eq!(
            module.open_with(0, writing),
            Err(ck::CKR_TOKEN_WRITE_PROTECTED)
        );

        let key = module.key(session);
        for handle in [0, session + 1, WRONG] {
            let wrong = ck::CKR_SESSION_HANDLE_INVALID;
            let mut count = 0;
            assert_eq!(module.session_state(handle), Err(wrong));
            assert_eq!(call!(module, C_CloseSession, handle), wrong);
            assert_eq!(module.login(handle, b"1234"), wrong);
            assert_eq!(call!(module, C_Logout, handle), wrong);
            assert_eq!(module.attribute(handle, key, ck::CKA_ID), Err(wrong));
            assert_eq!(
                call!(module, C_FindObjectsInit, handle, null_mut(), 0),
                wrong
            );
            assert_eq!(
                call!(module, C_FindObjects, handle, null_mut(), 0, &raw mut count),
                wrong
            );
            assert_eq!(call!(module, C_FindObjectsFinal, handle), wrong);
            assert_eq!(module.sign_init(handle, ck::CKM_RSA_PKCS, key), wrong);
            assert_eq!(module.sign(handle, &[]), Err(wrong));
        }
        for handle in [0, key + 100, WRONG] {
            let wrong = ck::CKR_OBJECT_HANDLE_INVALID;
            assert_eq!(module.attribute(session, handle, ck::CKA_ID), Err(wrong));
            let begun = module.sign_init(session, ck::CKM_RSA_PKCS, handle);
            assert_eq!(begun, ck::CKR_KEY_HANDLE_INVALID);
        }
        let certificate = module.of_class(session, ck::CKO_CERTIFICATE)[0];
        let begun = module.sign_init(session, ck::CKM_RSA_PKCS, certificate);
        assert_eq!(begun, ck::CKR_KEY_TYPE_INCONSISTENT);

        // Out of order.
        let mut count = 0;
        assert_eq!(
            call!(
                module,
                C_FindObjects,
                session,
                null_mut(),
                0,
                &raw mut count
            ),
            ck::CKR_OPERATION_NOT_INITIALIZED
        );
        assert_eq!(
            call!(module, C_FindObjectsFinal, session),
            ck::CKR_OPERATION_NOT_INITIALIZED
        );
        assert_eq!(
            call!(module, C_FindObjectsInit, session, null_mut(), 0),
            ck::CKR_OK
        );
        assert_eq!(
            call!(module, C_FindObjectsInit, session, null_mut(), 0),
            ck::CKR_OPERATION_ACTIVE
        );
        assert_eq!(
            module.sign(session, &[]),
            Err(ck::CKR_OPERATION_NOT_INITIALIZED)
        );
        assert_eq!(module.sign_init(session, ck::CKM_RSA_PKCS, key), ck::CKR_OK);
        assert_eq!(
            module.sign_init(session, ck::CKM_RSA_PKCS, key),
            ck::CKR_OPERATION_ACTIVE
        );

        // What the module does not do, it says.
        assert_eq!(
            call!(module, C_GenerateRandom, session, null_mut(), 0),
            ck::CKR_RANDOM_NO_RNG
        );
        assert_eq!(
            call!(module, C_DigestUpdate, session, null_mut(), 0),
            ck::CKR_FUNCTION_NOT_SUPPORTED
        );
        assert_eq!(
            call!(module, C_GetFunctionStatus, session),
            ck::CKR_FUNCTION_NOT_PARALLEL
        );
    });
}

#[test]
fn attributes_short_long_unknown_and_sensitive() {
    with_token(
        "attributes_short_long_unknown_and_sensitive",
        |_, module, session| {
            let key = module.key(session);
            let mut modulus = [0xEE_u8; 300];
            let mut short = [0xEE_u8; 300];
            let attribute = |kind, buffer: &mut [u8], length| CK_ATTRIBUTE {
                type_: kind,
                pValue: buffer.as_mut_ptr().cast(),
                ulValueLen: length,
            };
            let mut sink = [0xEE_u8; 300];
            let mut id = [0_u8; 20];
            let mut template = [
                attribute(ck::CKA_MODULUS, &mut modulus, 300),
                attribute(ck::CKA_MODULUS, &mut short, 255),
                attribute(0xce53_4352, &mut sink, 300),
                attribute(ck::CKA_PRIVATE_EXPONENT, &mut sink, 300),
                attribute(ck::CKA_ID, &mut id, 20),
                CK_ATTRIBUTE {
                    type_: ck::CKA_MODULUS,
                    pValue: null_mut(),
                    ulValueLen: 7,
                },
            ];
            let value = call!(
                module,
                C_GetAttributeValue,
                session,
                key,
                template.as_mut_ptr(),
                6
            );
            let possible = [
                ck::CKR_BUFFER_TOO_SMALL,
                ck::CKR_ATTRIBUTE_TYPE_INVALID,
                ck::CKR_ATTRIBUTE_SENSITIVE,
            ];
            assert!(possible.contains(&value), "{value:#x}");
            let lengths = template.map(|attribute| attribute.ulValueLen);
            assert_eq!(lengths, [256, WRONG, WRONG, WRONG, 20, 256]);
            assert!(
                short.iter().chain(&sink).all(|byte| *byte == 0xEE),
                "written to"
            );
            assert!(
                modulus[256..].iter().all(|byte| *byte == 0xEE),
                "written past the end"
            );
            assert_ne!(id, [0; 20]);

            // One trouble alone has its own code.
            for (kind, room, expected) in [
                (ck::CKA_MODULUS, 255, ck::CKR_BUFFER_TOO_SMALL),
                (ck::CKA_MODULUS, 0, ck::CKR_BUFFER_TOO_SMALL),
                (0xce53_4352, 300, ck::CKR_ATTRIBUTE_TYPE_INVALID),
                (ck::CKA_VALUE, 300, ck::CKR_ATTRIBUTE_TYPE_INVALID),
                (ck::CKA_PRIME_1, 300, ck::CKR_ATTRIBUTE_SENSITIVE),
            ] {
                let mut one = attribute(kind, &mut sink, room);
                let value = call!(module, C_GetAttributeValue, session, key, &raw mut one, 1);
                let length = one.ulValueLen;
                assert_eq!((value, length), (expected, WRONG), "{kind:#x}");
            }
            assert_eq!(
                call!(module, C_GetAttributeValue, session, key, null_mut(), 0),
                ck::CKR_OK
            );
        },
    );
}

#[test]
fn searches_of_all_kinds() {
    with_token("searches_of_all_kinds", |_, module, session| {
        let all = module.find(session, &[], 1).unwrap();
        assert_eq!(all.len(), 4, "two certificates, a key pair");
        for step in [2, 3, 4, 5, 100] {
            assert_eq!(module.find(session, &[], step), Ok(all.clone()));
        }
        for (template, expected) in [
            (vec![(ck::CKA_TOKEN, &[1][..])], 4),
            (vec![(ck::CKA_TOKEN, &[0][..])], 0),
            (vec![(ck::CKA_TOKEN, &[][..])], 0),
            (vec![(ck::CKA_TOKEN, &[1, 0][..])], 0),
            (vec![(ck::CKA_LABEL, "山田".as_bytes())], 3),
            (vec![(ck::CKA_LABEL, "山".as_bytes())], 0),
            (vec![(0xffff_ffff, &[][..])], 0),
            // What is kept can't be guessed by searching.
            (vec![(ck::CKA_PRIVATE_EXPONENT, &[][..])], 0),
            (vec![(ck::CKA_TOKEN, &[1][..]), (ck::CKA_SIGN, &[1][..])], 1),
        ] {
            let found = module.find(session, &template, 10).unwrap();
            assert_eq!(found.len(), expected, "{template:?}");
        }
        // Final before the end, and a new one from the beginning.
        let mut handle = 0;
        let mut count = 0;
        assert_eq!(
            call!(module, C_FindObjectsInit, session, null_mut(), 0),
            ck::CKR_OK
        );
        call!(
            module,
            C_FindObjects,
            session,
            &raw mut handle,
            1,
            &raw mut count
        );
        assert_eq!((handle, count), (all[0], 1));
        assert_eq!(call!(module, C_FindObjectsFinal, session), ck::CKR_OK);
        assert_eq!(module.find(session, &[], 10), Ok(all));
    });
}

#[test]
fn what_is_signed_is_looked_at_first() {
    with_token(
        "what_is_signed_is_looked_at_first",
        |host, module, session| {
            let key = module.key(session);
            let pss = |hash, mgf, salt| CK_RSA_PKCS_PSS_PARAMS {
                hashAlg: hash,
                mgf,
                sLen: salt,
            };
            for bad in [
                pss(ck::CKM_SHA256, ck::CKG_MGF1_SHA256, 0),
                pss(ck::CKM_SHA256, ck::CKG_MGF1_SHA256, 20),
                pss(ck::CKM_SHA256, ck::CKG_MGF1_SHA256, WRONG),
                pss(ck::CKM_SHA256, ck::CKG_MGF1_SHA384, 32),
                pss(ck::CKM_SHA_1, ck::CKG_MGF1_SHA1, 20),
                pss(WRONG, WRONG, 32),
            ] {
                let begun = module.sign_init_pss(session, bad, key);
                assert_eq!(begun, ck::CKR_MECHANISM_PARAM_INVALID, "{bad:?}");
            }
            for (data, expected) in [
                (vec![], ck::CKR_DATA_LEN_RANGE),
                (vec![0; 20], ck::CKR_DATA_LEN_RANGE),
                (vec![0; 31], ck::CKR_DATA_LEN_RANGE),
                (vec![0; 33], ck::CKR_DATA_LEN_RANGE),
                (vec![0; 48], ck::CKR_DATA_LEN_RANGE),
            ] {
                assert_eq!(module.sign_init_pss(session, PSS_SHA256, key), ck::CKR_OK);
                assert_eq!(module.sign(session, &data), Err(expected), "{}", data.len());
            }
            let mut longer = digest_info([0; 32]);
            longer.push(0);
            let mut other = digest_info([0; 32]);
            other[0] = 0x31;
            for (data, expected) in [
                (vec![0; 51], ck::CKR_DATA_INVALID),
                (other, ck::CKR_DATA_INVALID),
                (longer, ck::CKR_DATA_LEN_RANGE),
                (vec![0; 36], ck::CKR_DATA_LEN_RANGE),
                (vec![0; 32], ck::CKR_DATA_LEN_RANGE),
                (vec![0; 256], ck::CKR_DATA_LEN_RANGE),
            ] {
                assert_eq!(module.sign_init(session, ck::CKM_RSA_PKCS, key), ck::CKR_OK);
                assert_eq!(module.sign(session, &data), Err(expected), "{}", data.len());
            }
            assert_eq!(
                host.count().sign,
                0,
                "the host, and with it a person, was asked"
            );
        },
    );
}

#[test]
fn asking_for_the_length_asks_nobody() {
    with_token(
        "asking_for_the_length_asks_nobody",
        |host, module, session| {
            let key = module.key(session);
            let mut data = [5; 32];
            let mut signature = [0xEE_u8; 256];
            assert_eq!(module.sign_init_pss(session, PSS_SHA256, key), ck::CKR_OK);
            for (buffer, room, expected) in [
                (null_mut(), 0, ck::CKR_OK),
                (null_mut(), WRONG, ck::CKR_OK),
                (signature.as_mut_ptr(), 255, ck::CKR_BUFFER_TOO_SMALL),
                (signature.as_mut_ptr(), 0, ck::CKR_BUFFER_TOO_SMALL),
            ] {
                let mut length = room;
                let data = data.as_mut_ptr();
                let value = call!(module, C_Sign, session, data, 32, buffer, &raw mut length);
                assert_eq!((value, length), (expected, 256));
            }
            assert!(signature.iter().all(|byte| *byte == 0xEE));
            assert_eq!(host.count().sign, 0);
            assert_eq!(module.sign(session, &data).map(|made| made.len()), Ok(256));
            assert_eq!(host.count().sign, 1);
        },
    );
}

#[test]
fn sessions_run_out() {
    with_token("sessions_run_out", |host, module, first| {
        let key = module.key(first);
        let mut last = first;
        for _ in 1..1_000 {
            last = module.open(0).unwrap();
        }
        assert_eq!(module.open(0), Err(ck::CKR_SESSION_COUNT));
        assert_eq!(module.sign_init_pss(last, PSS_SHA256, key), ck::CKR_OK);
        assert!(module.sign(last, &[1; 32]).is_ok());
        assert_eq!(call!(module, C_CloseSession, last), ck::CKR_OK);
        let next = module.open(0).unwrap();
        assert_ne!(next, last, "a handle is not used again");
        assert_eq!(call!(module, C_CloseAllSessions, 0), ck::CKR_OK);
        assert_eq!(
            module.session_state(first),
            Err(ck::CKR_SESSION_HANDLE_INVALID)
        );
        assert!(module.open(0).is_ok());
        // A session costs no connection.
        host.wait_for_open(1);
    });
}
