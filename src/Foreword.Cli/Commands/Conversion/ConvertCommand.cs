using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Data.Recipes;
using Foreword.IO;
using Foreword.Tokenization;
using Foreword.Weights;
using Foreword.Weights.Catalog;

namespace Foreword.Cli.Commands.Conversion;

/// <summary>Implements <c>foreword convert</c>, which converts a model of any format into another format.</summary>
internal static class ConvertCommand
{
    public static Command Create(Terminal terminal)
    {
        WeightsFormat[] written = [.. WeightsCatalog.All.Where(format => format.WrittenTypes.Count > 0)];
        Argument<string> from = new("FROM") { Description = $"A model, checkpoint or run directory: {string.Join("; ", WeightsCatalog.All.Select(format => format.Files))}." };
        Argument<string> to = new("TO") { Description = "Where to write the model: a directory, or a file for single-file formats. It must not exist." };
        Option<string?> format = new("--format") { Description = $"Format to write: {string.Join(", ", written.Select(Describe))}.", DefaultValueFactory = _ => written[0].Name };
        format.AcceptOnly([.. written.Select(format => format.Name)]);
        Option<string?> dtype = new("--dtype") { Description = "Element type to write; default: the type of FROM if the format supports it, else f32. The same type keeps every bit." };
        dtype.AcceptOnly([.. written.SelectMany(format => format.WrittenTypes).Distinct()]);
        Option<bool> languageModel = new("--language-model") { Description = "Write only the language model of a fine-tuned model." };
        Command command = new Command("convert", "Convert a model from any supported format to another one, with its tokenizer.") { from, to, format, dtype, languageModel }
            .WithExample("foreword convert runs/shakespeare shakespeare-hf --format hf --dtype bf16");
        command.SetAction(parsed =>
        {
            WeightsFormat target = written.First(candidate => candidate.Name == parsed.GetValue(format));
            if (parsed.GetValue(dtype) is { } wanted && !target.WrittenTypes.Contains(wanted))
                throw new UsageException($"--dtype is {wanted}; {target.Name} supports {string.Join(", ", target.WrittenTypes)}");
            string path = parsed.GetValue(to)!;
            if (File.Exists(path) || Directory.Exists(path))
                throw new IOException($"{path} already exists; convert writes a new {(target.WritesFile ? "file" : "directory")}");
            Stopwatch clock = Stopwatch.StartNew();
            using StoredModel stored = StoredModel.Open(parsed.GetValue(from)!);
            using ModelWeights model = stored.TakeWeights();
            string type = parsed.GetValue(dtype) ?? target.WrittenTypes.FirstOrDefault(candidate => candidate.Equals(model.CommonType, StringComparison.OrdinalIgnoreCase)) ?? "f32";
            Tokenizer? tokenizer = model.HasTokenizer ? stored.Tokenizer : null;
            if (tokenizer is null)
                terminal.Say($"{model.Path} has no tokenizer, so none is written");
            ClassifierConversion? classifier = ClassifierConversion.Create(model, tokenizer, target, type, parsed.GetValue(languageModel), terminal);
            Write(target, staged =>
            {
                if (classifier is null)
                    target.Write(model, tokenizer, type, staged);
                else
                    classifier.Write(staged);
                if (!target.WritesFile)
                    ChatTemplateFile.Copy(stored.Directory, staged);
            }, path);
            if (target.WritesFile && ChatTemplateFile.ReadOwn(stored.Directory) is not null)
                terminal.Say($"{path} holds no chat template; copy {Path.Combine(stored.Directory, ChatTemplateFile.FileName)} beside it for chat and serve");
            terminal.Say(string.Create(CultureInfo.InvariantCulture, $"{path}: {target.Name}, {type}, {model.Config.ParameterCount:N0} parameters from {model.Format.Name}, in {clock.Elapsed.TotalSeconds:F1} s"));
            return ExitCodes.Done;
        });
        return command;
    }

    private static string Describe(WeightsFormat format) => $"{format.Name} ({string.Join(", ", format.WrittenTypes)})";

    private static void Write(WeightsFormat format, Action<string> write, string path)
    {
        if (format.WritesFile)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            write(path);
            return;
        }

        using StagedDirectory staged = StagedDirectory.Start(path);
        write(staged.Path);
        staged.Commit();
    }
}
