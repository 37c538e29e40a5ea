using System.Globalization;
using Foreword.Chat;
using Foreword.Cpu;
using Foreword.Data.Recipes;
using Foreword.Generation;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;

namespace Foreword.NativeAot;

/// <summary>Generates texts by drawing, by search, as a stream and in conversation.</summary>
internal static class Writing
{
    private static readonly SamplingOptions Drawn = new()
    {
        Temperature = 0.9,
        TopK = 50,
        TopP = 0.95,
        MinP = 0.001,
        TypicalP = 0.99,
        RepetitionPenalty = 1.1,
        PresencePenalty = 0.1,
        FrequencyPenalty = 0.1,
        LogitBias = new Dictionary<int, double> { [32] = 1 },
        LogProbs = 2,
        Seed = 7,
        MaxTokens = 24,
    };

    public static async Task RunAsync(Report report)
    {
        Tokenizer tokenizer = new BpeTrainer { VocabSize = 297 }.Train([File.ReadAllText(report.Fixture("golden/tokenizers/bpe-train-corpus.txt"))]);
        foreach (WeightType type in (WeightType[])[WeightType.F32, WeightType.Int8])
        {
            using CpuLanguageModel model = CpuLanguageModel.Load(report.Fixture("golden/gpt2-tiny"), type, threads: 2);
            TextGenerator generator = new(model, tokenizer);
            Say(report, $"{type}, drawn", generator.GenerateEach(["The cat", "A", ""], Drawn, samples: 3));
            Say(report, $"{type}, likeliest", [[generator.Generate("The cat", new SamplingOptions { Temperature = 0, MaxTokens = 30, Stop = ["qq"] })]]);
            Say(report, $"{type}, sliding", [[generator.Generate("The cat", new SamplingOptions { MaxTokens = 150, Slide = true, StopIds = [5] })]]);
            Say(report, $"{type}, beams", generator.GenerateEach(["The cat"], new SamplingOptions { NumBeams = 4, MaxTokens = 12, LengthPenalty = 0.8, EarlyStopping = true }, samples: 2));
            List<string> pieces = [];
            await foreach (GeneratedToken token in generator.StreamAsync("The cat", Drawn))
                pieces.Add(token.Text);
            report.Say($"{type}, streamed", string.Join('|', pieces));
            report.SayRefusal($"{type}, impossible", () => generator.Generate("The cat", new SamplingOptions { TopP = 2 }));
            Talk(report, $"{type}, plain", model, tokenizer, ChatTemplate.Plain);
            report.Write("chat/chat.yaml", "start: \"[CLS]\"\nsystem: {prefix: \"\", suffix: \"\\n\"}\nuser:\n  suffix: \"!\"\nassistant: {prefix: \"\", suffix: \"zz\"}\nstop: [\"[PAD]\", \"\\n\\n\"]\n");
            Talk(report, $"{type}, chat.yaml", model, tokenizer, ChatTemplateFile.Load(report.Work("chat")));
        }

        foreach (string yaml in (string[])["usr: {prefix: a}", "user:\n  prefx: a", "user: hello", "start: a", "start:", "start: [a]", "user: {suffix: a}\nstop: ['']", "user: {suffix: a", "user: {suffix: a}\nstop:", "user:\n  sufix: a", "- a", ""])
        {
            report.Write("chat/chat.yaml", yaml);
            report.SayRefusal($"chat.yaml {yaml}", () => ChatTemplateFile.Load(report.Work("chat")));
        }

        report.Say("no chat.yaml", ChatTemplateFile.Load(report.NewDirectory("no-chat")).ToString());
        report.Write("chat/tokenizer_config.json", """{"chat_template": "{% for m in messages %}{% endfor %}"}""");
        report.Say("Jinja", ChatTemplate.JinjaFile(report.Work("chat"))!);
    }

    private static void Say(Report report, string what, Completion[][] completions)
    {
        foreach (Completion completion in completions.SelectMany(texts => texts))
        {
            report.Say(what, $"{completion.FinishReason} {completion.Score?.ToString("R", CultureInfo.InvariantCulture)} {completion.Text}");
            report.Say(what, completion.Ids);
            if (completion.LogProbs is { } logProbs)
                report.Say(what, string.Join(' ', logProbs));
        }
    }

    private static void Talk(Report report, string what, CpuLanguageModel model, Tokenizer tokenizer, ChatTemplate template)
    {
        report.Say(what, template.ToString());
        using Conversation conversation = new(model, tokenizer, template, "Be kind.");
        foreach (string message in (string[])["Hello", "How are you?", "Tell me more about the cat."])
        {
            List<string> pieces = [];
            ChatAnswer answer = conversation.Answer(message, new SamplingOptions { MaxTokens = 12, Seed = 3 }, pieces.Add);
            report.Say(what, $"{answer} {string.Join('|', pieces)}");
        }
    }
}
