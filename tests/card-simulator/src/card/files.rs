//! SELECT, CREATE FILE, DELETE FILE, LIST FILES, and finding files for the rest.

use super::Card;
use crate::access::AccessByte;
use crate::fcp;
use crate::file::{Body, Directory, File, MASTER_FILE};
use crate::status_word::StatusWord;

impl Card {
    /// `00 A4 00 00`: the master file, or a file of the current directory.
    pub(super) fn select_file(&mut self, id: u16) -> Result<Vec<u8>, StatusWord> {
        if id == MASTER_FILE {
            let file = self
                .master_file
                .as_ref()
                .ok_or(StatusWord::FILE_NOT_FOUND)?;
            let description = fcp::describe(file);
            self.enter(Vec::new());
            return Ok(description);
        }
        let file = self
            .current_directory()?
            .file(id)
            .ok_or(StatusWord::FILE_NOT_FOUND)?;
        let description = fcp::describe(file);
        match file.body {
            Body::Directory(_) => {
                let path = [self.state.directory.as_slice(), &[id]].concat();
                self.enter(path);
            }
            Body::PrivateKey(_) => return Err(StatusWord::SECURITY_STATUS),
            _ => self.state.file = Some(id),
        }
        Ok(description)
    }

    /// `00 A4 04 00`: a directory anywhere by its whole name.
    pub(super) fn select_name(&mut self, name: &[u8]) -> Result<Vec<u8>, StatusWord> {
        let master_file = self
            .master_file
            .as_ref()
            .ok_or(StatusWord::FILE_NOT_FOUND)?;
        let path = path_of_name(master_file, name).ok_or(StatusWord::FILE_NOT_FOUND)?;
        self.enter(path);
        self.directory_file()
            .map(fcp::describe)
            .ok_or(StatusWord::FILE_NOT_FOUND)
    }

    /// `00 E0`: a new directory becomes the current one, another file the current file.
    pub(super) fn create_file(&mut self, file: File) -> Result<(), StatusWord> {
        let id = file.id;
        let is_directory = file.as_directory().is_some();
        if self.master_file.is_none() {
            if id != MASTER_FILE || !is_directory {
                return Err(StatusWord::FILE_NOT_FOUND);
            }
            self.master_file = Some(file);
            self.enter(Vec::new());
        } else {
            let directory = self.directory_file().ok_or(StatusWord::FILE_NOT_FOUND)?;
            self.permit(directory.access.update())?;
            if id == MASTER_FILE {
                return Err(StatusWord::FILE_EXISTS);
            }
            self.current_directory_mut()?.add(file)?;
            if is_directory {
                let path = [self.state.directory.as_slice(), &[id]].concat();
                self.enter(path);
            } else {
                self.state.file = Some(id);
            }
        }
        self.changes += 1;
        Ok(())
    }

    /// `00 E4`: a file of the current directory; the master file goes with all there is.
    pub(super) fn delete_file(&mut self, id: u16) -> Result<(), StatusWord> {
        if id == MASTER_FILE {
            let master_file = self
                .master_file
                .as_ref()
                .ok_or(StatusWord::FILE_NOT_FOUND)?;
            self.permit(master_file.access.delete())?;
            self.master_file = None;
            self.enter(Vec::new());
        } else {
            let file = self
                .current_directory()?
                .file(id)
                .ok_or(StatusWord::FILE_NOT_FOUND)?;
            self.permit(file.access.delete())?;
            self.current_directory_mut()?
                .files
                .retain(|file| file.id != id);
            if self.state.file == Some(id) {
                self.state.file = None;
            }
        }
        self.changes += 1;
        Ok(())
    }

    /// `80 34`: identifiers in a row *(choice: the form was never seen)*.
    pub(super) fn list_files(&self) -> Result<Vec<u8>, StatusWord> {
        let file = self.directory_file().ok_or(StatusWord::FILE_NOT_FOUND)?;
        self.permit(file.access.read())?;
        Ok(self
            .current_directory()?
            .files
            .iter()
            .flat_map(|file| file.id.to_be_bytes())
            .collect())
    }

    /// The current elementary file, if `access` of it allows what is to be done.
    pub(super) fn current_file(
        &self,
        access: impl Fn(&File) -> AccessByte,
    ) -> Result<&File, StatusWord> {
        let id = self.state.file.ok_or(StatusWord::NO_CURRENT_FILE)?;
        let file = self
            .current_directory()?
            .file(id)
            .ok_or(StatusWord::NO_CURRENT_FILE)?;
        self.permit(access(file))?;
        Ok(file)
    }

    /// The same, to change it.
    pub(super) fn current_file_mut(
        &mut self,
        access: impl Fn(&File) -> AccessByte,
    ) -> Result<&mut File, StatusWord> {
        let id = self.current_file(access)?.id;
        self.current_directory_mut()?
            .file_mut(id)
            .ok_or(StatusWord::NO_CURRENT_FILE)
    }

    /// The current directory's contents; 6A82 on a blank card.
    pub(super) fn current_directory(&self) -> Result<&Directory, StatusWord> {
        self.directory_file()
            .and_then(File::as_directory)
            .ok_or(StatusWord::FILE_NOT_FOUND)
    }

    /// The same, to change it.
    pub(super) fn current_directory_mut(&mut self) -> Result<&mut Directory, StatusWord> {
        let depth = self.state.directory.len();
        self.directory_at_depth_mut(depth)
            .ok_or(StatusWord::FILE_NOT_FOUND)
    }

    /// The directory `depth` steps below the master file on the way to the current one.
    pub(super) fn directory_at_depth_mut(&mut self, depth: usize) -> Option<&mut Directory> {
        self.state.directory[..depth]
            .iter()
            .try_fold(self.master_file.as_mut()?, |file, &id| {
                file.as_directory_mut()?.file_mut(id)
            })?
            .as_directory_mut()
    }

    fn directory_file(&self) -> Option<&File> {
        self.state
            .directory
            .iter()
            .try_fold(self.master_file.as_ref()?, |file, &id| {
                file.as_directory()?.file(id)
            })
    }

    fn enter(&mut self, path: Vec<u16>) {
        self.state.directory = path;
        self.state.file = None;
    }
}

/// Identifiers from below `file` down to the directory with this name.
fn path_of_name(file: &File, name: &[u8]) -> Option<Vec<u16>> {
    let directory = file.as_directory()?;
    if directory.name == name {
        return Some(Vec::new());
    }
    directory.files.iter().find_map(|child| {
        let below = path_of_name(child, name)?;
        Some([&[child.id], below.as_slice()].concat())
    })
}
