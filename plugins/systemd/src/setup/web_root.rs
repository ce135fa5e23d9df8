//! The place of the front end, which is to be a link.

use runner_sdk::{Error, Host};

use super::Work;
use crate::frontend;

/// Moves a folder aside, and lets the link lead to it until the first deploy: what is served stays.
pub(super) fn prepare<H: Host>(work: &mut Work<'_, H>) -> Result<(), Error> {
    let (machine, site) = (work.machine, work.site);
    let Some(front) = &site.config.frontend else {
        return Ok(());
    };
    let web_root = &front.web_root;
    // Nginx brings that one along.
    let above = web_root.rsplit_once('/').map(|(above, _)| above);
    if let Some(above) = above.filter(|above| !above.is_empty() && *above != "/var/www") {
        work.folder(above, "0755")?;
    }
    if !frontend::stands_as_folder(machine, web_root)? {
        return Ok(());
    }
    let aside = format!("{web_root}.before-runner");
    work.note(
        web_root,
        format!("~ a folder becomes a link to `{aside}`, where it was moved"),
    );
    machine.move_root(web_root, &aside, &format!("moving `{web_root}` aside"))?;
    machine.link_root(web_root, &aside)
}
