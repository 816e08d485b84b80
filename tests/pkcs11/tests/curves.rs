//! Keys on elliptic curves, alone and beside an RSA key, in a browser.
#![cfg(target_os = "linux")]

use cryptoki_sys as ck;
use kagibashi_pkcs11_tests::call;
use kagibashi_pkcs11_tests::host::Host;
use kagibashi_pkcs11_tests::module::{Module, PSS_SHA256};
use kagibashi_pkcs11_tests::scenario::alone;
use kagibashi_pkcs11_tests::token::{MIXED, SoftToken};
use kagibashi_protocol::agent::Algorithm;

/// DER of the curves' names, as `CKA_EC_PARAMS` has them.
const CURVES: [(&str, usize); 2] = [("06082a8648ce3d030107", 32), ("06052b81040023", 66)];

#[test]
fn shows_keys_on_curves_without_asking_the_host() {
    alone("shows_keys_on_curves_without_asking_the_host", || {
        let mut host = Host::of_browser(&[MIXED]);
        let module = Module::ready();
        assert!(module.is_present(0));
        let session = module.open(0).unwrap();
        let keys = module.of_class(session, ck::CKO_PRIVATE_KEY);
        let [p256, p521, _rsa] = keys[..] else {
            panic!("{keys:?}")
        };
        let before = host.count();
        for (key, (curve, size)) in [p256, p521].into_iter().zip(CURVES) {
            let attribute = |kind| module.attribute(session, key, kind);
            let ec = ck::CKK_EC.to_ne_bytes().to_vec();
            assert_eq!(attribute(ck::CKA_KEY_TYPE), Ok(ec.clone()));
            assert_eq!(attribute(ck::CKA_SIGN), Ok(vec![1]));
            assert_eq!(attribute(ck::CKA_DERIVE), Ok(vec![0]));
            let parameters = hex::decode(curve).unwrap();
            assert_eq!(attribute(ck::CKA_EC_PARAMS), Ok(parameters.clone()));
            assert_eq!(attribute(ck::CKA_VALUE), Err(ck::CKR_ATTRIBUTE_SENSITIVE));
            let unknown = Err(ck::CKR_ATTRIBUTE_TYPE_INVALID);
            assert_eq!(attribute(ck::CKA_MODULUS), unknown);
            assert_eq!(attribute(ck::CKA_PRIME_1), unknown);
            // The public half, as programs find it: by id, kind and curve.
            let id = attribute(ck::CKA_ID).unwrap();
            let template = [
                (ck::CKA_CLASS, &ck::CKO_PUBLIC_KEY.to_ne_bytes()[..]),
                (ck::CKA_KEY_TYPE, &ec),
                (ck::CKA_EC_PARAMS, &parameters),
                (ck::CKA_ID, &id),
            ];
            let public = module.find(session, &template, 1).unwrap();
            let [public] = public[..] else {
                panic!("{public:?}")
            };
            let point = module.attribute(session, public, ck::CKA_EC_POINT).unwrap();
            // An OCTET STRING, and in it an uncompressed point.
            let length = 1 + 2 * size;
            let head = if length < 128 { 2 } else { 3 };
            assert_eq!((point[0], point[head]), (0x04, 0x04));
            assert_eq!(usize::from(point[head - 1]), length);
            assert_eq!(point.len(), head + length);
            let modulus_bits = module.attribute(session, public, ck::CKA_MODULUS_BITS);
            assert_eq!(modulus_bits, unknown);
        }
        assert_eq!(host.count(), before, "all of that is known");
    });
}

#[test]
fn signs_with_each_of_several_kinds_of_key() {
    alone("signs_with_each_of_several_kinds_of_key", || {
        let mut host = Host::of_browser(&[MIXED]);
        let token = SoftToken::new(MIXED);
        let module = Module::ready();
        assert!(module.is_present(0));
        let session = module.open(0).unwrap();
        let keys = module.of_class(session, ck::CKO_PRIVATE_KEY);
        let [p256, p521, rsa] = keys[..] else {
            panic!("{keys:?}")
        };
        // Any hash of TLS with any curve; what is longer than the curve is cut.
        for (key, size, algorithm, length, digest) in [
            (p256, 64, Algorithm::Es256, 32, 32),
            (p256, 64, Algorithm::Es256, 64, 32),
            (p521, 132, Algorithm::Es256, 32, 32),
            (p521, 132, Algorithm::Es512, 64, 64),
        ] {
            assert_eq!(module.sign_init(session, ck::CKM_ECDSA, key), ck::CKR_OK);
            let signature = module.sign(session, &vec![0x5A; length]).unwrap();
            assert_eq!(signature.len(), size);
            assert!(token.verifies(algorithm, &vec![0x5A; digest], &signature));
        }
        let asked = host.count().sign;
        for bad in [0, 20, 36, 65] {
            assert_eq!(module.sign_init(session, ck::CKM_ECDSA, p256), ck::CKR_OK);
            let refused = module.sign(session, &vec![0x5A; bad]);
            assert_eq!(refused, Err(ck::CKR_DATA_LEN_RANGE), "{bad}");
        }
        // A mechanism for another kind of key; a parameter that it has not.
        let other = ck::CKR_KEY_TYPE_INCONSISTENT;
        assert_eq!(module.sign_init(session, ck::CKM_ECDSA, rsa), other);
        assert_eq!(module.sign_init(session, ck::CKM_RSA_PKCS, p256), other);
        assert_eq!(module.sign_init_pss(session, PSS_SHA256, p521), other);
        let mut parameter = [0_u8; 8];
        let mut stray = ck::CK_MECHANISM {
            mechanism: ck::CKM_ECDSA,
            pParameter: (&raw mut parameter).cast(),
            ulParameterLen: 8,
        };
        let begun = call!(module, C_SignInit, session, &raw mut stray, p256);
        assert_eq!(begun, ck::CKR_MECHANISM_PARAM_INVALID);

        // The length of a signature is known without a signature.
        assert_eq!(module.sign_init(session, ck::CKM_ECDSA, p521), ck::CKR_OK);
        let mut data = [1_u8; 48];
        let mut length = 0;
        let asks = call!(
            module,
            C_Sign,
            session,
            data.as_mut_ptr(),
            48,
            std::ptr::null_mut(),
            &raw mut length
        );
        assert_eq!((asks, length), (ck::CKR_OK, 132));
        let mut short = [0; 131];
        length = 131;
        let asks = call!(
            module,
            C_Sign,
            session,
            data.as_mut_ptr(),
            48,
            short.as_mut_ptr(),
            &raw mut length
        );
        assert_eq!((asks, length), (ck::CKR_BUFFER_TOO_SMALL, 132));
        assert_eq!(host.count().sign, asked);
        let signature = module.sign(session, &data).unwrap();
        assert!(token.verifies(Algorithm::Es384, &data, &signature));

        assert_eq!(module.sign_init_pss(session, PSS_SHA256, rsa), ck::CKR_OK);
        let signature = module.sign(session, &[3; 32]).unwrap();
        assert!(token.verifies(Algorithm::Ps256, &[3; 32], &signature));
    });
}
