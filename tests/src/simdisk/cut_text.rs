//! Power cuts as text, so that a failure can name one and a replay can ask for it: `nothing`, `only:3`,
//! `torn:4096:7`.

use std::fmt;
use std::str::FromStr;

use super::PowerCut;

/// A text that names no power cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownCut;

impl fmt::Display for PowerCut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PowerCut::Nothing => f.write_str("nothing"),
            PowerCut::Everything => f.write_str("everything"),
            PowerCut::Only(k) => write!(f, "only:{k}"),
            PowerCut::AllBut(k) => write!(f, "allbut:{k}"),
            PowerCut::Zeroed => f.write_str("zeroed"),
            PowerCut::Torn { block_bytes, seed } => write!(f, "torn:{block_bytes}:{seed}"),
            PowerCut::Random(seed) => write!(f, "random:{seed}"),
        }
    }
}

impl FromStr for PowerCut {
    type Err = UnknownCut;

    fn from_str(text: &str) -> Result<PowerCut, UnknownCut> {
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        let mut number = || parts.next().and_then(|part| part.parse::<u64>().ok()).ok_or(UnknownCut);
        let mut index = || number().and_then(|number| usize::try_from(number).map_err(|_| UnknownCut));
        Ok(match name {
            "nothing" => PowerCut::Nothing,
            "everything" => PowerCut::Everything,
            "only" => PowerCut::Only(index()?),
            "allbut" => PowerCut::AllBut(index()?),
            "zeroed" => PowerCut::Zeroed,
            "torn" => PowerCut::Torn { block_bytes: index()?, seed: number()? },
            "random" => PowerCut::Random(number()?),
            _ => return Err(UnknownCut),
        })
    }
}

impl fmt::Display for UnknownCut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "no power cut: nothing, everything, zeroed, only:K, allbut:K, torn:BYTES:SEED or random:SEED",
        )
    }
}

impl std::error::Error for UnknownCut {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_power_cut_is_read_back_from_its_text() {
        let torn = PowerCut::Torn { block_bytes: 4096, seed: u64::MAX };
        let cuts = [PowerCut::Nothing, PowerCut::Everything, PowerCut::Zeroed, torn];
        let counted = [PowerCut::Only(3), PowerCut::AllBut(0), PowerCut::Random(9)];
        for cut in cuts.into_iter().chain(counted) {
            assert_eq!(cut.to_string().parse(), Ok(cut));
        }
        for text in ["", "only", "only:-1", "torn:512", "some:1"] {
            assert_eq!(text.parse::<PowerCut>(), Err(UnknownCut), "{text}");
        }
    }
}
