//! Mechanisms of PKCS#11, as algorithms of the protocol.

use cryptoki_sys as ck;
use kagibashi_protocol::agent::{Algorithm, LoginBy};
use kagibashi_protocol::object::{HashFunction, PaddingScheme};
use sha1::Sha1;
use sha2::digest::DynDigest;
use sha2::{Sha256, Sha384, Sha512};

use crate::object::KeyType;
use crate::return_value::{Outcome, ReturnValue};

/// What the standard's mechanisms are called.
type Type = ck::CK_MECHANISM_TYPE;

/// In a browser. NSS tries others as well, such as `CKM_SHA256_RSA_PKCS_PSS`,
/// and does the hashing itself when they are refused.
const RSA_RAW: [Type; 2] = [ck::CKM_RSA_PKCS, ck::CKM_RSA_PKCS_PSS];
const EC_RAW: [Type; 1] = [ck::CKM_ECDSA];

/// In other programs, of which some leave the hashing to the token. The
/// hashing ones come first: programs that take any take the first.
const RSA_ALL: [Type; 8] = [
    ck::CKM_SHA256_RSA_PKCS,
    ck::CKM_SHA384_RSA_PKCS,
    ck::CKM_SHA512_RSA_PKCS,
    ck::CKM_SHA256_RSA_PKCS_PSS,
    ck::CKM_SHA384_RSA_PKCS_PSS,
    ck::CKM_SHA512_RSA_PKCS_PSS,
    ck::CKM_RSA_PKCS,
    ck::CKM_RSA_PKCS_PSS,
];
const EC_ALL: [Type; 4] = [
    ck::CKM_ECDSA_SHA256,
    ck::CKM_ECDSA_SHA384,
    ck::CKM_ECDSA_SHA512,
    ck::CKM_ECDSA,
];

/// The mechanisms of such a key on a token with such a login.
pub fn list(login: LoginBy, key: KeyType) -> &'static [Type] {
    match (login, key) {
        (LoginBy::Window, KeyType::Rsa) => &RSA_RAW,
        (LoginBy::Window, KeyType::EllipticCurve) => &EC_RAW,
        (LoginBy::Module, KeyType::Rsa) => &RSA_ALL,
        (LoginBy::Module, KeyType::EllipticCurve) => &EC_ALL,
    }
}

/// What may be said of a mechanism of ours: the bits of its shortest and
/// longest key, and flags.
pub fn info(kind: Type) -> ck::CK_MECHANISM_INFO {
    let (shortest, longest, more) = if EC_ALL.contains(&kind) {
        let curves = ck::CKF_EC_F_P | ck::CKF_EC_NAMEDCURVE | ck::CKF_EC_UNCOMPRESS;
        (256, 521, curves)
    } else {
        (1_024, 4_096, 0)
    };
    ck::CK_MECHANISM_INFO {
        ulMinKeySize: shortest,
        ulMaxKeySize: longest,
        flags: ck::CKF_HW | ck::CKF_SIGN | more,
    }
}

/// Bytes of the longest data that is not hashed here: a `DigestInfo` of
/// SHA-512.
const RAW_MAX: usize = 19 + 64;

/// What a signature is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// `CKM_RSA_PKCS`: the data is a `DigestInfo`, in a browser not of SHA-1.
    Pkcs1(LoginBy),
    /// `CKM_RSA_PKCS_PSS`: the data is a hash of this function.
    Pss(HashFunction),
    /// `CKM_ECDSA`: the data is a hash, in a browser one that TLS has.
    Ecdsa(LoginBy),
    /// `CKM_SHA256_RSA_PKCS` and the like: the data is hashed here.
    Hashing(Algorithm),
}

/// The fields of `CK_RSA_PKCS_PSS_PARAMS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PssParameters {
    /// `hashAlg`
    pub hash: Type,
    /// `mgf`
    pub mask: ck::CK_RSA_PKCS_MGF_TYPE,
    /// `sLen`
    pub salt: ck::CK_ULONG,
}

impl Mechanism {
    /// The mechanism of that type and parameter, which the PSS ones have.
    pub fn new(kind: Type, parameters: Option<PssParameters>, login: LoginBy) -> Outcome<Self> {
        let pss = parameters.map(pss_hash).transpose()?;
        let hashing = |function, padding| Self::Hashing(Algorithm::new(padding, function));
        match (kind, pss) {
            (ck::CKM_RSA_PKCS, None) => Ok(Self::Pkcs1(login)),
            (ck::CKM_RSA_PKCS_PSS, Some(function)) => Ok(Self::Pss(function)),
            (ck::CKM_SHA256_RSA_PKCS, None) => {
                Ok(hashing(HashFunction::Sha256, PaddingScheme::Pkcs1))
            }
            (ck::CKM_SHA384_RSA_PKCS, None) => {
                Ok(hashing(HashFunction::Sha384, PaddingScheme::Pkcs1))
            }
            (ck::CKM_SHA512_RSA_PKCS, None) => {
                Ok(hashing(HashFunction::Sha512, PaddingScheme::Pkcs1))
            }
            (ck::CKM_SHA256_RSA_PKCS_PSS, Some(function @ HashFunction::Sha256))
            | (ck::CKM_SHA384_RSA_PKCS_PSS, Some(function @ HashFunction::Sha384))
            | (ck::CKM_SHA512_RSA_PKCS_PSS, Some(function @ HashFunction::Sha512)) => {
                Ok(hashing(function, PaddingScheme::Pss))
            }
            (ck::CKM_ECDSA, None) => Ok(Self::Ecdsa(login)),
            (ck::CKM_ECDSA_SHA256, None) => Ok(hashing(HashFunction::Sha256, PaddingScheme::None)),
            (ck::CKM_ECDSA_SHA384, None) => Ok(hashing(HashFunction::Sha384, PaddingScheme::None)),
            (ck::CKM_ECDSA_SHA512, None) => Ok(hashing(HashFunction::Sha512, PaddingScheme::None)),
            _ if RSA_ALL.contains(&kind) || EC_ALL.contains(&kind) => {
                Err(ReturnValue::MechanismParamInvalid)
            }
            _ => Err(ReturnValue::MechanismInvalid),
        }
    }

    /// Whether it has `CK_RSA_PKCS_PSS_PARAMS`.
    pub fn has_pss_parameters(kind: Type) -> bool {
        matches!(
            kind,
            ck::CKM_RSA_PKCS_PSS
                | ck::CKM_SHA256_RSA_PKCS_PSS
                | ck::CKM_SHA384_RSA_PKCS_PSS
                | ck::CKM_SHA512_RSA_PKCS_PSS
        )
    }

    /// Makes ready for what is to be signed.
    pub fn begin(self) -> Data {
        match self {
            Self::Pkcs1(login) => Data::DigestInfo(login, vec![]),
            Self::Pss(function) => Data::Hash(function, vec![]),
            Self::Ecdsa(login) => Data::AnyHash(login, vec![]),
            Self::Hashing(algorithm) => match algorithm.hash() {
                Some(HashFunction::Sha256) => Data::Message(algorithm, Box::new(Sha256::default())),
                Some(HashFunction::Sha384) => Data::Message(algorithm, Box::new(Sha384::default())),
                Some(HashFunction::Sha512) => Data::Message(algorithm, Box::new(Sha512::default())),
                None => Data::Message(algorithm, Box::new(Sha1::default())),
            },
        }
    }
}

/// PSS with one hash function throughout and a salt as long as its hash: what
/// TLS (RFC 8446, section 4.2.3) and our tokens use.
fn pss_hash(parameters: PssParameters) -> Outcome<HashFunction> {
    let function = match (parameters.hash, parameters.mask) {
        (ck::CKM_SHA256, ck::CKG_MGF1_SHA256) => HashFunction::Sha256,
        (ck::CKM_SHA384, ck::CKG_MGF1_SHA384) => HashFunction::Sha384,
        (ck::CKM_SHA512, ck::CKG_MGF1_SHA512) => HashFunction::Sha512,
        _ => return Err(ReturnValue::MechanismParamInvalid),
    };
    if usize::try_from(parameters.salt) != Ok(function.size()) {
        return Err(ReturnValue::MechanismParamInvalid);
    }
    Ok(function)
}

/// What is to be signed, as far as it has been given.
pub enum Data {
    /// A `DigestInfo`.
    DigestInfo(LoginBy, Vec<u8>),
    /// A hash of that function.
    Hash(HashFunction, Vec<u8>),
    /// A hash that does not tell its function.
    AnyHash(LoginBy, Vec<u8>),
    /// What the hash is made of here.
    Message(Algorithm, Box<dyn DynDigest + Send>),
}

impl Data {
    /// Adds a part.
    pub fn add(&mut self, part: &[u8]) -> Outcome<()> {
        match self {
            Self::Message(_, hasher) => hasher.update(part),
            Self::DigestInfo(_, data) | Self::Hash(_, data) | Self::AnyHash(_, data) => {
                if data.len().saturating_add(part.len()) > RAW_MAX {
                    return Err(ReturnValue::DataLenRange);
                }
                data.extend_from_slice(part);
            }
        }
        Ok(())
    }

    /// What the host has to be asked for, by a key with signatures of that many
    /// bytes.
    pub fn end(self, signature_size: usize) -> Outcome<(Algorithm, Vec<u8>)> {
        match self {
            Self::Message(algorithm, hasher) => Ok((algorithm, hasher.finalize().to_vec())),
            Self::DigestInfo(login, data) => digest_info(login, &data),
            Self::Hash(function, data) if data.len() == function.size() => {
                Ok((Algorithm::new(PaddingScheme::Pss, function), data))
            }
            Self::Hash(..) => Err(ReturnValue::DataLenRange),
            Self::AnyHash(login, data) => hash(login, data, signature_size / 2),
        }
    }
}

impl std::fmt::Debug for Data {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Data")
    }
}

/// Makes a hash for ECDSA into one of a length that has an algorithm, without
/// changing the number that it stands for: what is longer than the curve's
/// order is cut (section 2.3.6 of the standard), the rest is filled up at its
/// head. A browser's are those of TLS, and not of SHA-1.
fn hash(login: LoginBy, mut data: Vec<u8>, order_size: usize) -> Outcome<(Algorithm, Vec<u8>)> {
    let functions = HashFunction::ALL.iter().copied();
    let of_tls = functions.clone().any(|it| it.size() == data.len());
    if data.is_empty() || (login == LoginBy::Window && !of_tls) {
        return Err(ReturnValue::DataLenRange);
    }
    data.truncate(order_size);
    let function = functions
        .min_by_key(|it| it.size().checked_sub(data.len()).unwrap_or(usize::MAX))
        .filter(|it| it.size() >= data.len())
        .ok_or(ReturnValue::DataLenRange)?;
    let mut hash = vec![0; function.size() - data.len()];
    hash.extend(data);
    Ok((Algorithm::new(PaddingScheme::None, function), hash))
}

/// Every `DigestInfo`: what precedes the hash (RFC 8017, section 9.2, note 1),
/// and what it is signed with.
const DIGEST_INFOS: [(&[u8], Algorithm); 4] = [
    (
        b"\x30\x31\x30\x0D\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
        Algorithm::Rs256,
    ),
    (
        b"\x30\x41\x30\x0D\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30",
        Algorithm::Rs384,
    ),
    (
        b"\x30\x51\x30\x0D\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
        Algorithm::Rs512,
    ),
    (
        b"\x30\x21\x30\x09\x06\x05\x2B\x0E\x03\x02\x1A\x05\x00\x04\x14",
        Algorithm::Rs1,
    ),
];

/// Takes a `DigestInfo` apart. DER has one spelling, so nothing but these bytes
/// will do: neither the MD5 with SHA-1 of old TLS nor arbitrary data gets a
/// signature, and SHA-1 only outside of browsers.
fn digest_info(login: LoginBy, data: &[u8]) -> Outcome<(Algorithm, Vec<u8>)> {
    let taken = || {
        DIGEST_INFOS
            .iter()
            .filter(|(_, algorithm)| login == LoginBy::Module || *algorithm != Algorithm::Rs1)
    };
    let fits =
        |prefix: &[u8], algorithm: Algorithm| prefix.len() + algorithm.digest_size() == data.len();
    for (prefix, algorithm) in taken() {
        if let Some(hash) = data
            .strip_prefix(*prefix)
            .filter(|_| fits(prefix, *algorithm))
        {
            return Ok((*algorithm, hash.to_vec()));
        }
    }
    if taken().any(|(prefix, algorithm)| fits(prefix, *algorithm)) {
        Err(ReturnValue::DataInvalid)
    } else {
        Err(ReturnValue::DataLenRange)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the standard's note, letter by letter.
    const RFC_8017: [(HashFunction, &str); 3] = [
        (
            HashFunction::Sha256,
            "3031300d060960864801650304020105000420",
        ),
        (
            HashFunction::Sha384,
            "3041300d060960864801650304020205000430",
        ),
        (
            HashFunction::Sha512,
            "3051300d060960864801650304020305000440",
        ),
    ];

    fn digest(mechanism: Mechanism, data: &[u8]) -> Outcome<(Algorithm, Vec<u8>)> {
        digest_for(256, mechanism, data)
    }

    fn digest_for(
        signature_size: usize,
        mechanism: Mechanism,
        data: &[u8],
    ) -> Outcome<(Algorithm, Vec<u8>)> {
        let mut whole = mechanism.begin();
        whole.add(data)?;
        let outcome = whole.end(signature_size);
        // In parts it is the same.
        let mut parts = mechanism.begin();
        for part in data.chunks(7) {
            parts.add(part)?;
        }
        assert_eq!(parts.end(signature_size), outcome);
        outcome
    }

    #[test]
    fn takes_the_digest_infos_of_the_standard_and_nothing_else() {
        let pkcs1 = |data: &[u8]| digest(Mechanism::Pkcs1(LoginBy::Window), data);
        for (function, prefix) in RFC_8017 {
            let mut data = hex::decode(prefix).unwrap();
            data.extend(vec![0xA5; function.size()]);
            let algorithm = Algorithm::new(PaddingScheme::Pkcs1, function);
            assert_eq!(pkcs1(&data), Ok((algorithm, vec![0xA5; function.size()])));

            for at in 0..19 {
                let mut bad = data.clone();
                bad[at] ^= 1;
                assert_eq!(pkcs1(&bad), Err(ReturnValue::DataInvalid), "byte {at}");
            }
            let mut longer = data.clone();
            longer.push(0);
            for bad in [&data[1..], &data[..data.len() - 1], &longer, &[]] {
                assert_eq!(pkcs1(bad), Err(ReturnValue::DataLenRange));
            }
        }
        // TLS 1.1 and before: MD5 and SHA-1 without a DigestInfo. SHA-1 with one.
        let sha1 = hex::decode("3021300906052b0e03021a05000414").unwrap();
        let sha1 = [sha1, vec![0; 20]].concat();
        for bad in [&vec![0; 36], &sha1] {
            assert_eq!(pkcs1(bad), Err(ReturnValue::DataLenRange));
        }
        // Only programs that do their own logins get that.
        let old = Mechanism::Pkcs1(LoginBy::Module);
        assert_eq!(digest(old, &sha1), Ok((Algorithm::Rs1, vec![0; 20])));
        assert_eq!(digest(old, &[0; 36]), Err(ReturnValue::DataLenRange));
        assert_eq!(digest(old, &[0; 35]), Err(ReturnValue::DataInvalid));
    }

    const PSS_SHA384: PssParameters = PssParameters {
        hash: ck::CKM_SHA384,
        mask: ck::CKG_MGF1_SHA384,
        salt: 48,
    };

    #[test]
    fn takes_pss_as_tls_has_it() {
        let good = PSS_SHA384;
        let pss = |parameters| Mechanism::new(ck::CKM_RSA_PKCS_PSS, parameters, LoginBy::Window);
        let mechanism = pss(Some(good)).unwrap();
        assert_eq!(
            digest(mechanism, &[1; 48]),
            Ok((Algorithm::Ps384, vec![1; 48]))
        );
        for length in [0, 20, 32, 47, 49, 64, 256] {
            let outcome = digest(mechanism, &vec![0; length]);
            assert_eq!(outcome, Err(ReturnValue::DataLenRange), "{length}");
        }
        for bad in [
            None,
            Some(PssParameters { salt: 0, ..good }),
            Some(PssParameters { salt: 47, ..good }),
            Some(PssParameters {
                salt: ck::CK_ULONG::MAX,
                ..good
            }),
            Some(PssParameters {
                mask: ck::CKG_MGF1_SHA256,
                ..good
            }),
            Some(PssParameters {
                hash: ck::CKM_SHA256,
                ..good
            }),
            Some(PssParameters {
                hash: ck::CKM_SHA_1,
                mask: ck::CKG_MGF1_SHA1,
                salt: 20,
            }),
        ] {
            assert_eq!(pss(bad), Err(ReturnValue::MechanismParamInvalid), "{bad:?}");
        }
    }

    #[test]
    fn hashes_where_that_is_asked_for() {
        // FIPS 180-4's example "abc".
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let mechanism = Mechanism::new(ck::CKM_SHA256_RSA_PKCS, None, LoginBy::Module).unwrap();
        let expected = (Algorithm::Rs256, hex::decode(abc).unwrap());
        assert_eq!(digest(mechanism, b"abc"), Ok(expected));

        let pss = Mechanism::new(
            ck::CKM_SHA384_RSA_PKCS_PSS,
            Some(PSS_SHA384),
            LoginBy::Module,
        );
        let (algorithm, hash) = digest(pss.unwrap(), &vec![0; 100_000]).unwrap();
        assert_eq!((algorithm, hash.len()), (Algorithm::Ps384, 48));
        let other = Mechanism::new(
            ck::CKM_SHA256_RSA_PKCS_PSS,
            Some(PSS_SHA384),
            LoginBy::Module,
        );
        assert_eq!(other, Err(ReturnValue::MechanismParamInvalid));
        let stray = Mechanism::new(ck::CKM_SHA256_RSA_PKCS, Some(PSS_SHA384), LoginBy::Module);
        assert_eq!(stray, Err(ReturnValue::MechanismParamInvalid));
    }

    #[test]
    fn an_ecdsa_hash_stays_the_number_that_it_is() {
        let counting = |count: usize| (1..=u8::MAX).take(count);
        let p256 = |login, length: usize| {
            let data: Vec<u8> = counting(length).collect();
            digest_for(64, Mechanism::Ecdsa(login), &data)
        };
        let filled = |zeros: usize, count: usize| -> Vec<u8> {
            std::iter::repeat_n(0, zeros)
                .chain(counting(count))
                .collect()
        };
        for (length, zeros, count) in [
            (1, 31, 1),
            (20, 12, 20),
            (32, 0, 32),
            (33, 0, 32),
            (83, 0, 32),
        ] {
            let expected = Ok((Algorithm::Es256, filled(zeros, count)));
            assert_eq!(p256(LoginBy::Module, length), expected, "{length}");
        }
        for length in [32, 48, 64] {
            let expected = Ok((Algorithm::Es256, filled(0, 32)));
            assert_eq!(p256(LoginBy::Window, length), expected, "{length}");
        }
        for length in [0, 20, 28, 31, 33, 36, 65] {
            let outcome = p256(LoginBy::Window, length);
            assert_eq!(outcome, Err(ReturnValue::DataLenRange), "{length}");
        }
        assert_eq!(p256(LoginBy::Module, 0), Err(ReturnValue::DataLenRange));
        assert_eq!(p256(LoginBy::Module, 84), Err(ReturnValue::DataLenRange));
        let longer = |size, length: usize| {
            let data = vec![7; length];
            digest_for(size, Mechanism::Ecdsa(LoginBy::Module), &data).map(|(name, _)| name)
        };
        assert_eq!(longer(96, 32), Ok(Algorithm::Es256));
        assert_eq!(longer(96, 33), Ok(Algorithm::Es384));
        assert_eq!(longer(96, 64), Ok(Algorithm::Es384));
        assert_eq!(longer(132, 64), Ok(Algorithm::Es512));
        // No hash is as long as P-521.
        assert_eq!(longer(132, 66), Err(ReturnValue::DataLenRange));
        let hashing = Mechanism::new(ck::CKM_ECDSA_SHA512, None, LoginBy::Module).unwrap();
        let (algorithm, hash) = digest_for(64, hashing, b"abc").unwrap();
        assert_eq!((algorithm, hash.len()), (Algorithm::Es512, 64));
    }
}
