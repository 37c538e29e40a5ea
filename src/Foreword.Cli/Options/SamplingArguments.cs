using System.CommandLine;
using System.Globalization;
using Foreword.Cli.Output;
using Foreword.Generation;

namespace Foreword.Cli.Options;

/// <summary>The options that control how tokens are chosen, shared by the commands that generate text.</summary>
internal sealed class SamplingArguments(int? maxTokens = null)
{
    private const string HuggingFaceRule = "hf", Gpt2ChineseRule = "gpt2-chinese";

    private static readonly SamplingOptions Default = new();

    private readonly Option<double> _temperature = Number("--temperature", "Divides the logits; 0 always takes the most likely token.", Default.Temperature);
    private readonly Option<int> _topK = new("--top-k") { Description = "Sample only from the K most likely tokens; 0 is off.", DefaultValueFactory = _ => Default.TopK };
    private readonly Option<double> _topP = Number("--top-p", "Sample only from the most likely tokens whose probabilities reach P together; 1 is off.", Default.TopP);
    private readonly Option<TopPRule> _topPRule = new("--top-p-rule") { Description = "Whether the token that crosses P is kept (crossing, Hugging Face) or not (released, OpenAI's GPT-2 code).", DefaultValueFactory = _ => Default.TopPRule };
    private readonly Option<double> _minP = Number("--min-p", "Sample only from tokens at least P times as probable as the most likely one; 0 is off.", Default.MinP);
    private readonly Option<double> _typicalP = Number("--typical-p", "Sample only from the tokens nearest to the expected information whose probabilities reach P together; 1 is off.", Default.TypicalP);
    private readonly Option<double> _repetition = Number("--repetition-penalty", "Makes the tokens of the prompt and of the text so far less likely; 1 is off (CTRL used 1.2).", Default.RepetitionPenalty);
    private readonly Option<string?> _penaltyRule = new("--penalty-rule") { Description = "What the repetition penalty does to negative logits: hf multiplies them (Hugging Face), gpt2-chinese divides them, too (GPT2-Chinese, CTRL).", DefaultValueFactory = _ => HuggingFaceRule };
    private readonly Option<double> _presence = Number("--presence-penalty", "Subtracted once from the logit of every token of the text so far, -2 to 2; 0 is off.", Default.PresencePenalty);
    private readonly Option<double> _frequency = Number("--frequency-penalty", "Subtracted from a token's logit for each time it occurs in the text so far, -2 to 2; 0 is off.", Default.FrequencyPenalty);
    private readonly Option<string[]> _bias = new("--logit-bias") { Description = "ID=VALUE: added to the logit of token ID, -100 (never) to 100 (always); may be repeated.", DefaultValueFactory = _ => [] };
    private readonly Option<long> _seed = new("--seed") { Description = "Seed of the sampling.", DefaultValueFactory = _ => Default.Seed };
    private readonly Option<int> _maxTokens = new("--max-tokens") { Description = "Maximum number of tokens to generate; the end of the context also ends a text.", DefaultValueFactory = _ => maxTokens ?? Default.MaxTokens };
    private readonly Option<int?> _sentences = new("--sentences") { Description = "End the text after N whole sentences; 0: after the last one that fits into --max-tokens." };
    private readonly Option<bool> _unknown = new("--allow-unknown") { Description = "Let the model write the token for unknown text, such as [UNK]." };
    private readonly Option<string[]> _stop = new("--stop") { Description = "Stop before this text; may be repeated.", DefaultValueFactory = _ => [] };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        _penaltyRule.AcceptOnly(HuggingFaceRule, Gpt2ChineseRule);
        Option[] all = [_maxTokens, _temperature, _topK, _topP, _topPRule, _minP, _typicalP, _repetition, _penaltyRule, _presence, _frequency, _bias, _unknown, _stop, _sentences, _seed];
        foreach (Option option in all)
            command.Add(option);
    }

    /// <summary>Returns the values of the options, not validated.</summary>
    /// <exception cref="UsageException">A bias does not have the form ID=VALUE.</exception>
    public SamplingOptions Read(ParseResult parsed) => new()
    {
        Temperature = parsed.GetValue(_temperature),
        TopK = parsed.GetValue(_topK),
        TopP = parsed.GetValue(_topP),
        TopPRule = parsed.GetValue(_topPRule),
        MinP = parsed.GetValue(_minP),
        TypicalP = parsed.GetValue(_typicalP),
        RepetitionPenalty = parsed.GetValue(_repetition),
        PenaltyRule = parsed.GetValue(_penaltyRule) == Gpt2ChineseRule ? PenaltyRule.Gpt2Chinese : PenaltyRule.HuggingFace,
        PresencePenalty = parsed.GetValue(_presence),
        FrequencyPenalty = parsed.GetValue(_frequency),
        LogitBias = Biases(parsed.GetValue(_bias)!),
        Seed = parsed.GetValue(_seed),
        MaxTokens = parsed.GetValue(_maxTokens),
        AllowUnknown = parsed.GetValue(_unknown),
        Stop = parsed.GetValue(_stop)!,
        Sentences = parsed.GetValue(_sentences),
    };

    /// <summary>Prints the seed if the command line does not set it.</summary>
    public void SaySeed(ParseResult parsed, Terminal terminal)
    {
        if (parsed.GetResult(_seed) is null or { Implicit: true })
            terminal.Announce($"seed {parsed.GetValue(_seed)}");
    }

    private static Option<double> Number(string name, string description, double value) => new(name) { Description = description, DefaultValueFactory = _ => value };

    private static Dictionary<int, double> Biases(string[] texts)
    {
        Dictionary<int, double> biases = [];
        foreach (string text in texts)
        {
            string[] parts = text.Split('=');
            if (parts.Length != 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                || !double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double bias))
                throw new UsageException($"--logit-bias '{text}' is not ID=VALUE, such as 50256=-100");
            if (!biases.TryAdd(id, bias))
                throw new UsageException($"--logit-bias names token {id} twice");
        }

        return biases;
    }
}
