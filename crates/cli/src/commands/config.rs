//! `thoth config`: what is in force, and where it comes from.

use crate::config::Setting;
use crate::error::Result;
use crate::output::{Answer, Text};
use crate::session::Session;
use crate::tables::Table;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::io;

/// Show what is in force, and where it comes from
///
/// Each setting is looked for on the command line, in the environment, in the
/// configuration file and in the library, in this order.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Config {}

const MANUAL: &str = "\
Example:
  $ thoth config
  SETTING              VALUE                          FROM
  file                 /home/bmc/.config/thoth/config.toml  default
  home                 /home/bmc/.local/share/thoth   default
  account              me                             default
  author               bmc                            USER
  time_zone            UTC                            default
  purge.older_than     180d                           file
  ...

The configuration file, with every setting:
  home = \"/srv/thoth\"          # as --home, THOTH_HOME
  account = \"me\"               # as THOTH_USER; whose dumps
  author = \"bmc\"               # whom the history names; else the user
  time_zone = \"Europe/Berlin\"  # for times in listings
  [purge]                      # what thoth purge does without options
  older_than = \"180d\"
  budget = \"100G\"
  keep_newest = 3              # of each command
  keep_ticketed = true
  keep_pinned = true

What all who use a library agree on is an object beside its dumps, config.json
in /ACCOUNT/stor/thoth, with time_zone and purge as above:
  $ echo '{\"purge\": {\"older_than\": \"1y\"}}' |
      thoth manta put /me/stor/thoth/config.json";

/// The settings.
struct Told(Vec<Setting>);

impl Serialize for Told {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let settings: Vec<Value> = self
            .0
            .iter()
            .map(|s| {
                json!({ "setting": s.name, "value": s.value, "from": s.from })
            })
            .collect();
        settings.serialize(s)
    }
}

impl Answer for Told {
    fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        let mut table = Table::new(&["SETTING", "VALUE", "FROM"]);
        for setting in &self.0 {
            table.row(vec![
                setting.name.to_owned(),
                setting.value.clone().unwrap_or_else(|| "-".to_owned()),
                setting.from.clone(),
            ]);
        }
        table.render(text)
    }
}

impl Config {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        session.out.answer(&Told(session.settings()?))
    }
}
