//! The two pages a person sees, and the one for a wrong address.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::Portal;
use super::language::Language;
use super::template::fill;
use crate::verifier::{Holder, Origin};

const FRONT: &str = include_str!("../../pages/front.html");
const HOME: &str = include_str!("../../pages/home.html");
pub(crate) const NOT_FOUND: &str = include_str!("../../pages/not-found.html");

/// What stands where a certificate says nothing.
const ABSENT: &str = "—";

#[derive(Deserialize)]
pub(super) struct Parameters {
    lang: Option<String>,
}

/// `GET /`: the front page, or on to `/home` for who is signed in.
pub(super) async fn front(
    State(portal): State<Arc<Portal>>,
    address: Uri,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    if let Some(elsewhere) = portal.under_its_own_name(&headers, &address) {
        return elsewhere;
    }
    let language = Language::choose(parameters.lang.as_deref(), &headers);
    if portal.signed_in(&headers).is_some() {
        return Redirect::to(&format!("/home?lang={}", language.tag())).into_response();
    }
    html(FRONT, language, |name| {
        tls_site_value(portal.tls_site.as_ref(), name)
    })
    .into_response()
}

/// `GET /home`: the holder's page, or back to `/` for who is not signed in.
pub(super) async fn home(
    State(portal): State<Arc<Portal>>,
    address: Uri,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    if let Some(elsewhere) = portal.under_its_own_name(&headers, &address) {
        return elsewhere;
    }
    let language = Language::choose(parameters.lang.as_deref(), &headers);
    match portal.signed_in(&headers) {
        Some((_, certificate)) => {
            let holder = Holder::from(&certificate);
            html(HOME, language, |name| holder_value(&holder, name)).into_response()
        }
        None => Redirect::to(&format!("/?lang={}", language.tag())).into_response(),
    }
}

/// Every other address.
pub(super) async fn not_found(
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let language = Language::choose(parameters.lang.as_deref(), &headers);
    (StatusCode::NOT_FOUND, html(NOT_FOUND, language, |_| None)).into_response()
}

impl Portal {
    /// A token names the origin that the browser shows. Who came by another
    /// name of this machine is sent to the configured one before signing in.
    fn under_its_own_name(&self, headers: &HeaderMap, address: &Uri) -> Option<Response> {
        let origin = self.verifier.origin();
        let host = headers.get(HOST)?.to_str().ok()?;
        if host.eq_ignore_ascii_case(origin.authority()) {
            return None;
        }
        let path = address.path_and_query().map_or("/", |path| path.as_str());
        Some(Redirect::temporary(&format!("{origin}{path}")).into_response())
    }
}

/// The link to the other site, hidden when there is none.
fn tls_site_value(site: Option<&Origin>, name: &str) -> Option<String> {
    match name {
        "tls-site.hidden" => Some(if site.is_some() { "" } else { "hidden" }.to_owned()),
        "tls-site.address" => Some(site.map_or_else(String::new, ToString::to_string)),
        _ => None,
    }
}

pub(crate) fn html(
    template: &str,
    language: Language,
    value_of: impl Fn(&str) -> Option<String>,
) -> Html<String> {
    Html(fill(template, |name| match name {
        "lang" => Some(language.tag().to_owned()),
        "other-lang" => Some(language.other_tag().to_owned()),
        _ => language
            .text(name)
            .map(str::to_owned)
            .or_else(|| value_of(name)),
    }))
}

pub(crate) fn holder_value(holder: &Holder, name: &str) -> Option<String> {
    let or_absent = |value: &Option<String>| value.clone().unwrap_or_else(|| ABSENT.to_owned());
    Some(match name {
        "holder.name" => holder.name.clone(),
        "holder.organisation" => or_absent(&holder.organisation),
        "holder.certificate-id" => or_absent(&holder.certificate_id),
        "holder.issuer" => holder.issuer.clone(),
        "holder.serial" => holder.serial.clone(),
        "holder.valid-from" => holder.valid_from.clone(),
        "holder.valid-until" => holder.valid_until.clone(),
        "holder.valid-from-day" => day(&holder.valid_from),
        "holder.valid-until-day" => day(&holder.valid_until),
        _ => return None,
    })
}

/// The day of an RFC 3339 time as in `2027/03/31`, in UTC; the script puts
/// local time in its place.
fn day(time: &str) -> String {
    time.split('T').next().unwrap_or_default().replace('-', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_hole_is_left_open_in_any_language() {
        let hostile = "<script>alert(1)</script>";
        let holder = Holder {
            name: hostile.to_owned(),
            organisation: None,
            certificate_id: Some("FC12345678".to_owned()),
            issuer: "CA".to_owned(),
            serial: "0A".to_owned(),
            valid_from: "2026-01-01T00:00:00Z".to_owned(),
            valid_until: "2027-03-31T00:00:00Z".to_owned(),
        };
        for language in [Language::Japanese, Language::English] {
            for template in [FRONT, HOME, NOT_FOUND] {
                let Html(page) = html(template, language, |name| {
                    holder_value(&holder, name).or_else(|| tls_site_value(None, name))
                });
                assert!(!page.contains("{{"), "{}", language.tag());
                assert!(!page.contains(hostile));
                assert!(page.contains(&format!("<html lang=\"{}\"", language.tag())));
            }
        }
        let Html(page) = html(HOME, Language::Japanese, |n| holder_value(&holder, n));
        for text in ["FC12345678", "2027/03/31", ABSENT, "&lt;script&gt;"] {
            assert!(page.contains(text), "{text}");
        }
    }

    #[test]
    fn the_other_site_is_linked_where_there_is_one() {
        let origin: Origin = "https://portal.localhost:8443".parse().unwrap();
        for (site, link, shown) in [
            (
                Some(&origin),
                "href=\"https://portal.localhost:8443/?lang=ja\"",
                true,
            ),
            (None, "href=\"/?lang=ja\"", false),
        ] {
            let Html(page) = html(FRONT, Language::Japanese, |name| tls_site_value(site, name));
            assert!(page.contains(&format!("id=\"tls-site\" {link}")), "{page}");
            let section = "aria-labelledby=\"tls-site-heading\" ";
            assert_eq!(page.contains(&format!("{section}hidden>")), !shown);
        }
    }
}
