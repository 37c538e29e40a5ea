using Foreword.Settings;

namespace Foreword.Models;

/// <summary>The activation function between the two layers of the feed-forward network.</summary>
[ChoiceName(nameof(GeluTanh), "gelu_new")]
public enum Activation
{
    /// <summary>
    /// The tanh approximation of GELU, <c>gelu_new</c>: x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2 (Hendrycks and Gimpel 2016). The code of both
    /// papers uses it.
    /// </summary>
    GeluTanh,

    /// <summary>
    /// The exact GELU: x times the normal distribution function, x (1 + erf(x / sqrt 2)) / 2 (Hendrycks and Gimpel 2016). nanoGPT uses it.
    /// </summary>
    Gelu,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>x sigmoid(x), also called swish (Elfwing et al. 2017).</summary>
    Silu,

    /// <summary>x sigmoid(1.702 x) (Hendrycks and Gimpel 2016).</summary>
    QuickGelu,
}

/// <summary>Provides the names of activation functions.</summary>
internal static class Activations
{
    /// <summary>
    /// The values of <c>GPT2Config.activation_function</c> (transformers, activations.py, ACT2FN). The first name of each function is the one that is
    /// written.
    /// </summary>
    private static readonly (string Name, Activation Function)[] Gpt2 =
    [
        ("gelu_new", Activation.GeluTanh), ("gelu_pytorch_tanh", Activation.GeluTanh), ("gelu_python_tanh", Activation.GeluTanh),
        ("gelu_fast", Activation.GeluTanh), ("gelu_accurate", Activation.GeluTanh), // the same formula, with its constant to 10 and to 16 digits
        ("gelu", Activation.Gelu), ("gelu_python", Activation.Gelu),
        ("relu", Activation.Relu), ("silu", Activation.Silu), ("swish", Activation.Silu), ("quick_gelu", Activation.QuickGelu),
    ];

    /// <summary>
    /// The values of <c>OpenAIGPTConfig.afn</c> (transformers, modeling_openai.py, ACT_FNS). There, "gelu" is the tanh approximation.
    /// </summary>
    private static readonly (string Name, Activation Function)[] Gpt1 =
        [("gelu", Activation.GeluTanh), ("relu", Activation.Relu), ("silu", Activation.Silu), ("swish", Activation.Silu)];

    /// <summary>
    /// Returns the name in recipes and in a GPT-2's <c>config.json</c>: <c>gelu_new</c>, <c>gelu</c>, <c>relu</c>, <c>silu</c> or <c>quick_gelu</c>.
    /// </summary>
    /// <param name="function">The activation function.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such function.</exception>
    public static string Name(this Activation function) =>
        NameOf(ModelArchitecture.Gpt2, function) ?? throw new ArgumentOutOfRangeException(nameof(function), function, "the activation function is unknown");

    /// <summary>Returns the names that the configuration of an architecture may have.</summary>
    internal static IEnumerable<string> Names(ModelArchitecture architecture) => Of(architecture).Select(entry => entry.Name);

    /// <summary>Returns the function with a name, or null if the architecture has none.</summary>
    internal static Activation? Find(ModelArchitecture architecture, string? name) =>
        Of(architecture).Where(entry => entry.Name == name).Select(entry => (Activation?)entry.Function).FirstOrDefault();

    /// <summary>Returns the name that is written for a function, or null if the architecture does not have the function.</summary>
    internal static string? NameOf(ModelArchitecture architecture, Activation function) =>
        Of(architecture).Where(entry => entry.Function == function).Select(entry => entry.Name).FirstOrDefault();

    private static (string Name, Activation Function)[] Of(ModelArchitecture architecture) => architecture == ModelArchitecture.Gpt1 ? Gpt1 : Gpt2;
}
