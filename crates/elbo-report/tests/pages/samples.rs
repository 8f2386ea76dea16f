//! A figure of every kind.

use elbo::terms::Mean;
use elbo_fit::figure::{
    Band, Coefficient, Component, Dynamics, Ellipse, Ellipses, Figure, Loadings, Map, PerToken, State, Steps,
    Topic,
};

/// Strings of these.
pub(crate) fn strings<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(String::from).into()
}

pub(crate) fn components() -> Figure {
    let component = |number, rows, share, mean: &[f64], covariance: &[f64]| Component {
        number,
        rows,
        share,
        mean: mean.into(),
        variance: Some(vec![covariance[0], covariance[3]]),
        covariance: Some(covariance.into()),
    };
    Figure::Components {
        columns: strings(["duration", "income"]),
        components: vec![
            component(1, 97.4, 0.3571, &[2.0364, 4.2e9], &[0.0625, 0.1, 0.1, 1e16]),
            component(4, 174.6, 0.6419, &[4.2896, -3.5e-6], &[0.16, 0.0, 0.0, 4e-14]),
        ],
    }
}

pub(crate) fn ellipses() -> Figure {
    let ellipse = |number, mean, covariance| Ellipse { number, mean, covariance };
    Figure::Ellipses(Ellipses {
        names: ["duration".into(), "waiting".into()],
        width: 3,
        stride: 1,
        points: vec![[1.8, 54.0], [4.5, 80.0], [1.9, 51.0], [3.3, 74.0]],
        of: vec![2, 5, 2, 1],
        ellipses: vec![
            ellipse(2, [2.0, 54.5], [0.07, 0.44, 33.7]),
            ellipse(5, [4.29, 80.0], [0.17, -0.94, 36.0]),
        ],
    })
}

pub(crate) fn coefficients() -> Figure {
    let coefficient = |name: &str, [mean, low, high]: [f64; 3], deviation| Coefficient {
        name: name.into(),
        mean,
        low,
        high,
        deviation,
    };
    Figure::Coefficients {
        coefficients: vec![
            coefficient("intercept", [11.341_449, 10.617, 12.066], None),
            coefficient("proline", [0.001_158, 0.000_834, 0.001_482], Some(300.0)),
            coefficient("ash", [-0.2, -0.5, 0.1], Some(0.25)),
        ],
        level: 0.95,
    }
}

pub(crate) fn predictions() -> Figure {
    Figure::Predictions {
        target: "alcohol".into(),
        actual: vec![14.2, 13.1, 11.9, 12.4],
        predicted: vec![13.9, 13.3, 12.2, 12.3],
    }
}

pub(crate) fn loadings() -> Figure {
    Figure::Loadings(Loadings {
        columns: strings(["alcohol", "hue"]),
        latent: 3,
        weights: vec![0.1234, -0.9, 1e-9, -0.05, 0.45, 0.0],
        noise: vec![0.41, 1234.5678],
        deviations: vec![0.81, 0.23],
        dimensions: vec![2, 1],
    })
}

pub(crate) fn map() -> Figure {
    Figure::Map(Map {
        points: vec![[-1.0, 0.5], [0.25, 0.75], [1.5, -0.5], [0.5, 0.0]],
        labels: Some(strings(["10", "9", "10", "2"])),
        axes: ["latent dimension 2".into(), "latent dimension 1".into()],
    })
}

/// Two sequences, of 4 and of 3 rows.
pub(crate) fn coloured() -> Figure {
    let x = [
        [1.0, -10.0],
        [2.0, -20.0],
        [f64::NAN, -15.0],
        [3.0, -25.0],
        [0.5, 5.0],
        [2.5, 0.0],
        [1.5, f64::NAN],
    ];
    Figure::Coloured {
        columns: strings(["level", "flow"]),
        x: x.into_iter().flatten().map(|x| (!x.is_nan()).then_some(x)).collect(),
        lengths: vec![4, 3],
        states: vec![0, 2, 2, 0, 2, 2, 0],
        steps: Steps::default(),
    }
}

pub(crate) fn states() -> Figure {
    Figure::States {
        outcomes: strings(["level", "class 0", "class 1"]),
        states: vec![
            State {
                rows: 61.25,
                mean: vec![1234.5678, 0.25, 0.75],
                deviation: vec![Some(0.0123), None, None],
            },
            State { rows: 38.75, mean: vec![-2.0, 0.5, 0.5], deviation: vec![Some(1.5), None, None] },
        ],
    }
}

pub(crate) fn transitions() -> Figure {
    Figure::Transitions(vec![vec![0.95, 0.05], vec![0.0, 1.0]])
}

/// Two sequences, of 3 and of 2 rows, and 2 rows ahead.
pub(crate) fn banded() -> Figure {
    let band = |name: &str, deviation: [Option<f64>; 7]| Band {
        name: name.into(),
        values: vec![Some(1.2), None, Some(2.8), Some(1.0), Some(0.5)],
        mean: vec![1.0, 2.0, 3.0, 0.75, 0.5, 0.25, 0.0],
        deviation: deviation.into(),
    };
    let known = [0.5, 0.75, 0.5, 0.25, 0.5, 0.75, 1.0].map(Some);
    Figure::Banded {
        bands: vec![band("level", known), band("flow", [None; 7])],
        lengths: vec![3, 2],
        steps: Steps::default(),
    }
}

pub(crate) fn dynamics() -> Figure {
    Figure::Dynamics(Dynamics {
        columns: strings(["level", "flow"]),
        weights: vec![-1.2671, 23.7152, 3e-9, -0.0012],
        noise: vec![5.7681, 4.5e9],
        states: strings(["z_1", "z_2"]),
        transition: vec![0.0022, -0.4152, 0.0113, 0.8715],
        deviation: vec![0.048, 0.0489, 0.048, 0.0489],
        drive: vec![1.0, 0.5],
    })
}

pub(crate) fn spins() -> Figure {
    Figure::Spins {
        names: strings(["s0", "s1", "s2"]),
        means: vec![-0.8535, 0.9736, 0.0],
        exact: Some(vec![-0.3465, 0.5928, 0.125]),
    }
}

pub(crate) fn topics() -> Vec<Topic> {
    let topic = |number, share, words: [(&str, f64); 2]| Topic {
        number,
        share,
        words: words.map(|(word, p)| (word.into(), p)).into(),
    };
    vec![
        topic(3, 0.625, [("pope", 0.04), ("church", 0.03)]),
        topic(1, 0.325, [("years", 0.02), ("people", 0.001)]),
        topic(2, 0.05, [("film", 0.016), ("theatre", 0.01)]),
    ]
}

pub(crate) fn per_token() -> Figure {
    let mean = |value, standard_error| Mean { value, standard_error };
    Figure::PerToken(vec![
        PerToken {
            name: "training".into(),
            documents: 108,
            tokens: 25000.0,
            bound: mean(-7.5312, 0.0123),
            perplexity: mean(1865.4, 22.9),
            completion: None,
        },
        PerToken {
            name: "held out".into(),
            documents: 12,
            tokens: 2500.0,
            bound: mean(-7.9, 0.05),
            perplexity: mean(2697.3, 134.9),
            completion: Some(mean(1500.25, 80.5)),
        },
    ])
}

pub(crate) fn facts() -> Figure {
    Figure::Facts {
        heading: ["of waiting".into(), "posterior mean ± sd".into()],
        lines: vec![["mean μ".into(), "70.9 ± 0.8".into()], ["precision τ".into(), "0.0054".into()]],
    }
}

/// All kinds there are.
pub(crate) fn every() -> Vec<Figure> {
    vec![
        facts(),
        components(),
        ellipses(),
        coefficients(),
        predictions(),
        loadings(),
        map(),
        coloured(),
        states(),
        transitions(),
        banded(),
        dynamics(),
        spins(),
        Figure::TopWords(topics()),
        Figure::Shares(topics()),
        per_token(),
    ]
}
