//! One extension of a certificate, in the words of RFC 5280.

use std::net::{Ipv4Addr, Ipv6Addr};

use der::asn1::Ia5StringRef;
use der::{Any, Decode, Tag, Tagged};
use kagibashi_protocol::details::Extension;
use kagibashi_token::certificate::{Name, text};
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName, GeneralNames};
use x509_cert::ext::pkix::{
    AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies,
    CrlDistributionPoints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier,
};

use super::identifier::{name, named};

/// What an extension says. One that is not known, or not written as it should
/// be, is given as it is.
pub fn decode(extension: &x509_cert::ext::Extension) -> Extension {
    let oid = extension.extn_id.to_string();
    let content = extension.extn_value.as_bytes();
    let values = understood(&oid, content);
    Extension {
        name: name(&oid).map(ToOwned::to_owned),
        critical: extension.critical,
        raw: values.is_none().then(|| hex::encode(content)),
        values: values.unwrap_or_default(),
        oid,
    }
}

fn understood(oid: &str, content: &[u8]) -> Option<Vec<String>> {
    Some(match oid {
        "2.5.29.14" => {
            let identifier = SubjectKeyIdentifier::from_der(content).ok()?;
            vec![hex::encode_upper(identifier.0.as_bytes())]
        }
        "2.5.29.15" => key_usage(KeyUsage::from_der(content).ok()?),
        "2.5.29.17" | "2.5.29.18" => general_names(&GeneralNames::from_der(content).ok()?),
        "2.5.29.19" => {
            let constraints = BasicConstraints::from_der(content).ok()?;
            let is_ca = if constraints.ca { "TRUE" } else { "FALSE" };
            let length = constraints.path_len_constraint;
            let length = length.map(|length| format!("pathLenConstraint: {length}"));
            [format!("cA: {is_ca}")].into_iter().chain(length).collect()
        }
        "2.5.29.31" | "2.5.29.46" => {
            distribution_points(&CrlDistributionPoints::from_der(content).ok()?)
        }
        "2.5.29.32" => policies(&CertificatePolicies::from_der(content).ok()?),
        "2.5.29.35" => authority(&AuthorityKeyIdentifier::from_der(content).ok()?),
        "2.5.29.37" => {
            let purposes = ExtendedKeyUsage::from_der(content).ok()?.0;
            let purposes = purposes.iter();
            purposes.map(|oid| named(&oid.to_string())).collect()
        }
        "1.3.6.1.5.5.7.1.1" | "1.3.6.1.5.5.7.1.11" => {
            let ways = AuthorityInfoAccessSyntax::from_der(content).ok()?.0;
            let ways = ways.iter().map(|way| {
                let method = named(&way.access_method.to_string());
                format!("{method}: {}", general_name(&way.access_location))
            });
            ways.collect()
        }
        _ => vec![string(content)?],
    })
}

/// Many makers' own extensions are a single text.
fn string(content: &[u8]) -> Option<String> {
    let value = Any::from_der(content).ok()?;
    let is_string = matches!(
        value.tag(),
        Tag::Utf8String
            | Tag::PrintableString
            | Tag::Ia5String
            | Tag::VisibleString
            | Tag::BmpString
    );
    is_string.then(|| text(&value))
}

fn key_usage(usage: KeyUsage) -> Vec<String> {
    [
        (KeyUsages::DigitalSignature, "digitalSignature"),
        (KeyUsages::NonRepudiation, "nonRepudiation"),
        (KeyUsages::KeyEncipherment, "keyEncipherment"),
        (KeyUsages::DataEncipherment, "dataEncipherment"),
        (KeyUsages::KeyAgreement, "keyAgreement"),
        (KeyUsages::KeyCertSign, "keyCertSign"),
        (KeyUsages::CRLSign, "cRLSign"),
        (KeyUsages::EncipherOnly, "encipherOnly"),
        (KeyUsages::DecipherOnly, "decipherOnly"),
    ]
    .into_iter()
    .filter(|(bit, _)| usage.0.contains(*bit))
    .map(|(_, name)| name.to_owned())
    .collect()
}

fn authority(identifier: &AuthorityKeyIdentifier) -> Vec<String> {
    let key = identifier.key_identifier.iter();
    let key = key.map(|key| hex::encode_upper(key.as_bytes()));
    let issuer = identifier.authority_cert_issuer.iter().flatten();
    let serial = identifier.authority_cert_serial_number.iter();
    let serial = serial.map(|serial| format!("serial: {}", hex::encode_upper(serial.as_bytes())));
    key.chain(issuer.map(general_name)).chain(serial).collect()
}

fn distribution_points(points: &CrlDistributionPoints) -> Vec<String> {
    let names = points
        .0
        .iter()
        .filter_map(|it| it.distribution_point.as_ref());
    names
        .flat_map(|name| match name {
            DistributionPointName::FullName(names) => general_names(names),
            DistributionPointName::NameRelativeToCRLIssuer(relative) => {
                vec![format!("relative: {relative}")]
            }
        })
        .collect()
}

/// Each policy, followed by what its issuer says of it.
fn policies(policies: &CertificatePolicies) -> Vec<String> {
    let mut values = Vec::new();
    for policy in &policies.0 {
        values.push(policy.policy_identifier.to_string());
        for qualifier in policy.policy_qualifiers.iter().flatten() {
            let Some(said) = &qualifier.qualifier else {
                continue;
            };
            if let Ok(address) = said.decode_as::<Ia5StringRef<'_>>() {
                values.push(address.to_string());
            } else if let Ok(notice) = said.decode_as::<Vec<Any>>() {
                let notice = notice.iter().filter(|part| part.tag() != Tag::Sequence);
                values.extend(notice.map(text));
            }
        }
    }
    values
}

fn general_names(names: &[GeneralName]) -> Vec<String> {
    names.iter().map(general_name).collect()
}

fn general_name(name: &GeneralName) -> String {
    match name {
        GeneralName::OtherName(other) => {
            let value = text(&other.value);
            format!("otherName {}: {value}", other.type_id)
        }
        GeneralName::Rfc822Name(address) => format!("email: {address}"),
        GeneralName::DnsName(name) => format!("DNS: {name}"),
        GeneralName::DirectoryName(name) => format!("DN: {}", Name::from(name)),
        GeneralName::EdiPartyName(_) => "ediPartyName".to_owned(),
        GeneralName::UniformResourceIdentifier(address) => address.to_string(),
        GeneralName::IpAddress(address) => ip_address(address.as_bytes()),
        GeneralName::RegisteredId(oid) => format!("registeredID: {oid}"),
    }
}

fn ip_address(bytes: &[u8]) -> String {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        format!("IP: {}", Ipv4Addr::from(four))
    } else if let Ok(sixteen) = <[u8; 16]>::try_from(bytes) {
        format!("IP: {}", Ipv6Addr::from(sixteen))
    } else {
        format!("IP: {}", hex::encode(bytes))
    }
}
