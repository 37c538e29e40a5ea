using Foreword.Settings;

namespace Foreword.Models;

/// <summary>The function between the two layers of the feed-forward network.</summary>
[ChoiceName(nameof(GeluTanh), "gelu_new")]
public enum Activation
{
    /// <summary>GELU in its tanh form, <c>gelu_new</c>, as both papers' code has it: x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2 (Hendrycks and Gimpel 2016).</summary>
    GeluTanh,

    /// <summary>GELU itself: x times the normal distribution's function, x (1 + erf(x / sqrt 2)) / 2 (Hendrycks and Gimpel 2016); nanoGPT's.</summary>
    Gelu,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>x sigmoid(x), also called swish (Elfwing et al. 2017).</summary>
    Silu,

    /// <summary>x sigmoid(1.702 x) (Hendrycks and Gimpel 2016).</summary>
    QuickGelu,
}

/// <summary>The names of activation functions.</summary>
public static class Activations
{
    /// <summary>What <c>GPT2Config.activation_function</c> may be (transformers, activations.py, ACT2FN); the first name of each is written.</summary>
    private static readonly (string Name, Activation Function)[] Gpt2 =
    [
        ("gelu_new", Activation.GeluTanh), ("gelu_pytorch_tanh", Activation.GeluTanh), ("gelu_python_tanh", Activation.GeluTanh),
        ("gelu_fast", Activation.GeluTanh), ("gelu_accurate", Activation.GeluTanh), // the same formula, its constant to 10 and 16 digits
        ("gelu", Activation.Gelu), ("gelu_python", Activation.Gelu),
        ("relu", Activation.Relu), ("silu", Activation.Silu), ("swish", Activation.Silu), ("quick_gelu", Activation.QuickGelu),
    ];

    /// <summary>What <c>OpenAIGPTConfig.afn</c> may be (transformers, modeling_openai.py, ACT_FNS): its "gelu" is the tanh form.</summary>
    private static readonly (string Name, Activation Function)[] Gpt1 =
        [("gelu", Activation.GeluTanh), ("relu", Activation.Relu), ("silu", Activation.Silu), ("swish", Activation.Silu)];

    /// <summary>The name in recipes, and in a GPT-2's <c>config.json</c>: <c>gelu_new</c>, <c>gelu</c>, <c>relu</c>, <c>silu</c>, <c>quick_gelu</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such function.</exception>
    public static string Name(this Activation function) =>
        NameOf(GptArchitecture.Gpt2, function) ?? throw new ArgumentOutOfRangeException(nameof(function), function, "there is no such function");

    /// <summary>The names that an architecture's configuration may have.</summary>
    internal static IEnumerable<string> Names(GptArchitecture architecture) => Of(architecture).Select(entry => entry.Name);

    /// <summary>The function of that name; null where there is none.</summary>
    internal static Activation? Find(GptArchitecture architecture, string? name) =>
        Of(architecture).Where(entry => entry.Name == name).Select(entry => (Activation?)entry.Function).FirstOrDefault();

    /// <summary>The name that is written; null where the architecture has none.</summary>
    internal static string? NameOf(GptArchitecture architecture, Activation function) =>
        Of(architecture).Where(entry => entry.Function == function).Select(entry => entry.Name).FirstOrDefault();

    private static (string Name, Activation Function)[] Of(GptArchitecture architecture) => architecture == GptArchitecture.Gpt1 ? Gpt1 : Gpt2;
}
