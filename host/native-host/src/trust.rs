//! Authorities that the person trusts: put into the browsers' NSS databases and
//! taken out again, exactly.

mod database;
mod purpose;
mod record;

use std::path::{Path, PathBuf};

use kagibashi_protocol::details::TrustedAuthority;
use kagibashi_protocol::object::CertificateState;
use kagibashi_protocol::{ErrorCode, Failure};

use crate::clock::now;
use crate::command::certificate_by_id::CertificateById;
use crate::install::certificate_databases;
use crate::install::places::Places;
use database::{Change, Database, DatabaseError};
use record::{Authority, Record, Store};

/// The authorities of one person.
#[derive(Clone, Debug)]
pub struct Trust {
    record: PathBuf,
    places: Option<Places>,
}

impl Trust {
    /// The authorities of the person who runs this program. What was done is
    /// noted in that folder.
    pub fn of_user(state: &Path) -> Self {
        Self {
            record: state.join(record::FILE),
            places: Places::of_user(),
        }
    }

    /// Has every database trust the authority, or none. Gives their folders.
    pub fn give(&self, certificate: &CertificateById) -> Result<Vec<String>, Failure> {
        let shown = &certificate.found.shown;
        if shown.state != CertificateState::Authority {
            return Err(Failure::invalid_arguments("certificate"));
        }
        let mut record = Record::read(&self.record)?;
        if let Some(known) = record.find(&shown.id) {
            return Ok(known.folders());
        }
        let mut authority = Authority {
            certificate: shown.id.clone(),
            holder: shown.holder.clone(),
            trusted: now(),
            stores: Vec::new(),
        };
        let done = self
            .put_into_all(certificate, &mut authority)
            .and_then(|()| {
                record.authorities.push(authority.clone());
                record.write(&self.record)
            });
        match done {
            Ok(()) => Ok(authority.folders()),
            Err(failure) => {
                for store in &authority.stores {
                    if let Err(error) = take_out(store) {
                        tracing::warn!(%error, "an authority stays in a database");
                    }
                }
                Err(failure)
            }
        }
    }

    fn put_into_all(
        &self,
        certificate: &CertificateById,
        authority: &mut Authority,
    ) -> Result<(), Failure> {
        let trust = purpose::flags(certificate);
        let nickname = format!("Kagibashi {}", &authority.certificate[..16]);
        let databases = self.places.as_ref().map(certificate_databases::of_user);
        for folder in databases.unwrap_or_default() {
            let change = Database::open(&folder)
                .and_then(|database| database.trust(&certificate.found.der, &nickname, &trust))
                .map_err(|error| failed(&error, &folder))?;
            authority.stores.push(Store { folder, change });
        }
        if authority.stores.is_empty() {
            return Err(ErrorCode::TrustToolMissing.into());
        }
        Ok(())
    }

    /// Takes back what was done for that certificate.
    pub fn take_back(&self, certificate: &str) -> Result<(), Failure> {
        let mut record = Record::read(&self.record)?;
        let authority = record
            .find_mut(certificate)
            .ok_or(ErrorCode::CertificateNotFound)?;
        let mut outcome = Ok(());
        authority.stores.retain(|store| match take_out(store) {
            Ok(()) => false,
            Err(error) => {
                outcome = Err(failed(&error, &store.folder));
                true
            }
        });
        record.authorities.retain(|it| !it.stores.is_empty());
        record.write(&self.record).and(outcome)
    }

    /// The same for all of them.
    pub fn take_all_back(&self) -> Result<(), Failure> {
        let all = Record::read(&self.record)?.authorities;
        all.iter()
            .try_for_each(|authority| self.take_back(&authority.certificate))
    }

    /// All that were trusted here, the newest first.
    pub fn list(&self) -> Result<Vec<TrustedAuthority>, Failure> {
        let record = Record::read(&self.record)?;
        let authorities = record.authorities.iter().rev();
        Ok(authorities
            .map(|authority| TrustedAuthority {
                certificate: authority.certificate.clone(),
                holder: authority.holder.as_str().to_owned(),
                trusted: authority.trusted,
                stores: authority.folders(),
            })
            .collect())
    }
}

/// With a database goes what was put into it.
fn take_out(store: &Store) -> Result<(), DatabaseError> {
    if store.change == Change::None || !Database::is_in(&store.folder) {
        return Ok(());
    }
    Database::open(&store.folder)?.undo(&store.change)
}

fn failed(error: &DatabaseError, folder: &Path) -> Failure {
    tracing::warn!(%error, "a certificate database could not be changed");
    let mut failure = Failure::new(match error {
        DatabaseError::ToolMissing => return ErrorCode::TrustToolMissing.into(),
        DatabaseError::Refused(_) | DatabaseError::Io(_) => ErrorCode::FileNotWritten,
    });
    failure.detail.path = Some(folder.display().to_string());
    failure
}
