//! Units of measurement, as a row below the names of a table tells them.

/// Symbols that take prefixes, and those and words that take none, in lower case.
const SYMBOLS: [&str; 29] = [
    "m", "g", "s", "A", "K", "mol", "cd", "Hz", "N", "Pa", "J", "W", "C", "V", "F", "Ω", "ohm", "S", "T",
    "H", "lm", "lx", "Bq", "Gy", "Sv", "L", "l", "eV", "bar",
];
const PREFIXES: [char; 13] = ['k', 'M', 'G', 'T', 'm', 'µ', 'μ', 'u', 'n', 'p', 'c', 'd', 'h'];
const WORDS: [&str; 93] = [
    "%",
    "‰",
    "°",
    "°c",
    "°f",
    "ºc",
    "ºf",
    "degc",
    "degf",
    "deg",
    "degs",
    "degree",
    "degrees",
    "celsius",
    "fahrenheit",
    "kelvin",
    "rad",
    "radians",
    "min",
    "mins",
    "minute",
    "minutes",
    "h",
    "hr",
    "hrs",
    "hour",
    "hours",
    "sec",
    "secs",
    "second",
    "seconds",
    "d",
    "day",
    "days",
    "wk",
    "week",
    "weeks",
    "month",
    "months",
    "mo",
    "yr",
    "yrs",
    "year",
    "years",
    "meter",
    "meters",
    "metre",
    "metres",
    "km",
    "kilometers",
    "in",
    "inch",
    "inches",
    "ft",
    "feet",
    "yd",
    "mi",
    "mile",
    "miles",
    "mph",
    "kph",
    "kt",
    "knots",
    "lb",
    "lbs",
    "oz",
    "gal",
    "psi",
    "atm",
    "mmhg",
    "inhg",
    "torr",
    "cal",
    "kcal",
    "wh",
    "kwh",
    "mwh",
    "va",
    "db",
    "dba",
    "rpm",
    "ha",
    "t",
    "ton",
    "tons",
    "tonnes",
    "gram",
    "grams",
    "ppm",
    "ppb",
    "percent",
    "pct",
    "count",
];
const MORE: [&str; 30] = [
    "counts",
    "number",
    "unitless",
    "dimensionless",
    "ratio",
    "index",
    "units",
    "unit",
    "iu",
    "u",
    "au",
    "a.u.",
    "usd",
    "eur",
    "gbp",
    "jpy",
    "chf",
    "$",
    "€",
    "£",
    "¥",
    "liters",
    "litres",
    "watt",
    "watts",
    "volt",
    "volts",
    "people",
    "persons",
    "psu",
];

/// Whether a cell names a unit: `kg`, `m/s²`, `mg dL-1`, `[mm]`.
pub(super) fn is_unit(cell: &str) -> bool {
    const SHORT: usize = 12;
    const MOST: usize = 4;
    let inner = |open, close| cell.strip_prefix(open).and_then(|cell| cell.strip_suffix(close));
    if let Some(inner) = inner('[', ']').or_else(|| inner('(', ')')) {
        return inner.chars().count() <= SHORT;
    }
    let parts = |c: char| c.is_whitespace() || c.is_ascii_digit() || "/*·⋅^-−⁻¹²³⁴().".contains(c);
    let mut tokens = cell.split(parts).filter(|token| !token.is_empty()).peekable();
    is_one(cell) || (tokens.peek().is_some() && tokens.clone().count() <= MOST && tokens.all(is_one))
}

/// Whether a text is one unit, with a prefix or without.
fn is_one(text: &str) -> bool {
    let lower = text.to_lowercase();
    let symbol = |text: &str| SYMBOLS.contains(&text);
    symbol(text)
        || text.strip_prefix(PREFIXES).is_some_and(symbol)
        || WORDS.contains(&lower.as_str())
        || MORE.contains(&lower.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_known_by_symbols_words_and_brackets() {
        for unit in [
            "m", "kg", "°C", "%", "m/s", "m s-1", "kg/m³", "µg/L", "mg/dL", "[mm]", "(kPa)", "W/m^2", "hPa",
            "USD", "days", "km",
        ] {
            assert!(is_unit(unit), "{unit}");
        }
        for text in [
            "failed",
            "broken",
            "<0.5",
            "not measured",
            "x",
            "a",
            "b",
            "P001",
            "2020-01-01",
            "ND",
            "-",
            "12",
            "offline",
            "n/d",
        ] {
            assert!(!is_unit(text), "{text}");
        }
    }
}
