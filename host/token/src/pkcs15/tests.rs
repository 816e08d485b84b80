//! Records as OpenSC's tools write them.

use super::aodf::PinObject;
use super::cdf::CertificateObject;
use super::odf::Directory;
use super::prkdf::PrivateKeyObject;
use super::token_info::TokenDescription;
use super::{aodf, cdf, odf, prkdf};

const ODF: &str = "A80A300804063F0050154401A00A300804063F0050154402A10A300804063F0050154403\
                   A40A300804063F00501544040000";
const TOKEN_INFO: &str = "3037020100040833070116170512010C09456E746572536166658006E98DB5E6A98B03020410\
                          A511180F32303236313132323233353931335A00";
const AODF: &str = "3037300E0C08557365722050494E030206C0300304\
                    0101A120301E0302024C0A0101020104020110020110800101040100300604043F0050150000";
const KEY: &str = "3030300C0C036B6579030206C0040101300E0401450302052003\
                   0203B8020100A110300E300804063F005015290002020800";
const CERTIFICATE: &str = "301D30080C0245450302064030030401\
                           45A10C300A300804063F0050153100";
const AUTHORITY: &str = "302030080C0243410302064030060401460101FFA10C300A300804063F0050153101";

fn bytes(digits: &str) -> Vec<u8> {
    hex::decode(digits).unwrap()
}

fn file_ids(file: &[u8], directory: Directory) -> Vec<u16> {
    odf::parse(file, directory)
        .iter()
        .filter_map(super::path::Path::file_id)
        .collect()
}

#[test]
fn the_object_directory() {
    let file = bytes(ODF);
    assert_eq!(file_ids(&file, Directory::PrivateKeys), [0x4402]);
    assert_eq!(file_ids(&file, Directory::Certificates), [0x4404]);
    assert_eq!(file_ids(&file, Directory::Authentication), [0x4401]);
}

#[test]
fn the_token_info() {
    let description = TokenDescription::parse(&bytes(TOKEN_INFO)).unwrap();
    let expected = TokenDescription {
        manufacturer: "EnterSafe".into(),
        label: "鍵橋".into(),
    };
    assert_eq!(description, expected);
    assert_eq!(TokenDescription::parse(&[]), None);
    assert_eq!(TokenDescription::parse(&bytes("0403010203")), None);
}

#[test]
fn pins() {
    let user = PinObject {
        reference: 1,
        is_user_pin: true,
    };
    assert_eq!(aodf::parse(&bytes(AODF)), [user]);
    let officer = AODF.replace("0302024C", "03020001");
    assert!(!aodf::parse(&bytes(&officer))[0].is_user_pin);
    let unblocking = AODF.replace("0302024C", "03020002");
    assert!(!aodf::parse(&bytes(&unblocking))[0].is_user_pin);
}

#[test]
fn keys() {
    let keys = prkdf::parse(&bytes(KEY));
    let [
        PrivateKeyObject {
            id,
            reference,
            path,
        },
    ] = keys.as_slice()
    else {
        panic!("{keys:?}")
    };
    assert_eq!(
        (id.as_slice(), *reference, path.file_id()),
        (&[0x45][..], Some(0), Some(0x2900))
    );

    // As tools write it that import a key along with its certificate: with the subject's name.
    let imported = KEY
        .replace("3030300C", "3034300C")
        .replace("A110300E", "A0023000A110300E");
    assert_eq!(prkdf::parse(&bytes(&imported)), keys);
    // A key on an elliptic curve.
    let elliptic = format!("A0{}", &KEY[2..]);
    assert_eq!(prkdf::parse(&bytes(&elliptic)), keys);
}

#[test]
fn certificates() {
    let objects = cdf::parse(&bytes(&[CERTIFICATE, AUTHORITY, "0000"].concat()));
    let shown: Vec<(&str, &[u8], bool, Option<u16>)> = objects
        .iter()
        .map(
            |CertificateObject {
                 label,
                 id,
                 authority,
                 path,
             }| { (label.as_str(), id.as_slice(), *authority, path.file_id()) },
        )
        .collect();
    let expected: [(&str, &[u8], bool, Option<u16>); 2] = [
        ("EE", &[0x45], false, Some(0x3100)),
        ("CA", &[0x46], true, Some(0x3101)),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn one_odd_record_leaves_the_others() {
    let odd = [
        "3000",
        "30033001FF",
        "A00A30080C024545030206C0",
        "0401FF",
        // A path of an odd number of bytes.
        "301C30080C024545030206403003040145A10B30093007\
         04053F00501531",
        // A label that is not UTF-8 is shown as well as can be.
        "5F2D0101",
    ];
    for record in odd {
        let file = bytes(&[CERTIFICATE, record, AUTHORITY, "00"].concat());
        assert_eq!(cdf::parse(&file).len(), 2, "{record}");
    }
}

#[test]
fn unknown_fields_are_passed_over() {
    let longer = "302330080C024545030206403006040145 8501AA A10F300D300804063F0050153100A301BB"
        .replace(' ', "");
    assert_eq!(cdf::parse(&bytes(&longer)), cdf::parse(&bytes(CERTIFICATE)));
}

/// Every truncation and every changed byte is read without panic, and never into more records than
/// there are.
#[test]
fn damage_is_survived() {
    for whole in [ODF, TOKEN_INFO, AODF, KEY, CERTIFICATE, AUTHORITY].map(bytes) {
        let damaged = (0..whole.len()).flat_map(|position| {
            let whole = &whole;
            (0..=255).map(move |value| {
                let mut file = whole.clone();
                file[position] = value;
                file
            })
        });
        let truncated = (0..whole.len()).map(|length| whole[..length].to_vec());
        for file in damaged.chain(truncated) {
            let records =
                cdf::parse(&file).len() + aodf::parse(&file).len() + prkdf::parse(&file).len();
            assert!(records <= 3 * file.len() / 2);
            TokenDescription::parse(&file);
            for directory in [Directory::PrivateKeys, Directory::Certificates] {
                assert!(odf::parse(&file, directory).len() <= 4);
            }
        }
    }
}
