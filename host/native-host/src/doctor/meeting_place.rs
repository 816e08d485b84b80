//! Can module and host meet?

use kagibashi_protocol::agent::{ConnectError, MeetingPlace, Name};

use super::finding::Observation;
use super::texts;

/// Looks at the place as the module would. A living agent is called and hung up
/// on; none is started.
pub fn look(place: &MeetingPlace) -> Observation {
    let folder = place.folder();
    let (finding, detail) = match place.connect(Name::Agent) {
        Ok(_) => (&texts::MEETING_PLACE_GOOD, None),
        Err(ConnectError::Nobody(_)) if can_be_made(place) => (&texts::MEETING_PLACE_GOOD, None),
        Err(ConnectError::Nobody(_)) => (&texts::MEETING_PLACE_UNUSABLE, None),
        Err(error) => (
            match &error {
                ConnectError::Stranger(_) => &texts::MEETING_PLACE_TAKEN,
                ConnectError::Folder(_) => &texts::MEETING_PLACE_REFUSED,
                ConnectError::System(_) | ConnectError::Nobody(_) => &texts::MEETING_PLACE_UNUSABLE,
            },
            Some(error.to_string()),
        ),
    };
    finding
        .seen()
        .with("folder", &folder.display())
        .detail(&detail.unwrap_or_else(|| folder.display().to_string()))
}

/// Only the last folder is made; the one it is in is the system's.
#[cfg(not(windows))]
fn can_be_made(place: &MeetingPlace) -> bool {
    place.folder().is_dir()
        || place
            .folder()
            .parent()
            .is_some_and(|parent| tempfile::tempfile_in(parent).is_ok())
}

/// Pipes are in no folder.
#[cfg(windows)]
fn can_be_made(_: &MeetingPlace) -> bool {
    true
}
