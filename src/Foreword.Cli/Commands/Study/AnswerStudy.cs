using System.CommandLine;
using System.Globalization;
using Foreword.Chat;
using Foreword.Cli.Loading;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Data.Dialogues;
using Foreword.Data.Recipes;
using Foreword.Generation;
using Foreword.Studies.Dialogues;
using Foreword.Studies.Evaluation;

namespace Foreword.Cli.Commands.Study;

/// <summary>Implements <c>foreword study mmi</c>, which compares ways to choose an answer among candidates.</summary>
internal static class AnswerStudy
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> model = new("MODEL") { Description = "Model that was trained on dialogues; it writes the candidates." };
        Option<string> backward = new("--mmi") { Description = "Model that was trained on reversed dialogues (finetune --task dialogue --reverse).", Required = true };
        Option<string[]> files = OptionExtensions.Files("--dialogues", "Files of held-back dialogues.");
        files.Required = true;
        Option<DialogueLayout?> layout = new("--layout") { Description = "Layout of the files; default: by their names." };
        Option<int> candidates = new("--candidates") { Description = "Number of candidates for each answer.", DefaultValueFactory = _ => 5 };
        Option<double> lambda = new("--mmi-lambda") { Description = "For interpolated: weight of the history's log-probability, from 0 to 1.", DefaultValueFactory = _ => 0.5 };
        Option<int> limit = new("--limit") { Description = "Maximum number of dialogues, from the first on.", DefaultValueFactory = _ => 200 };
        Option<int> history = new("--max-history") { Description = "Number of messages before an answer that the models read.", DefaultValueFactory = _ => 5 };
        Option<int> tokens = new("--max-tokens") { Description = "Maximum number of tokens of an answer.", DefaultValueFactory = _ => 40 };
        Option<double> temperature = new("--temperature") { Description = "Sampling temperature of the candidates.", DefaultValueFactory = _ => 1 };
        Option<int> topK = new("--top-k") { Description = "Candidates are drawn from the K most probable tokens; 0 for all.", DefaultValueFactory = _ => 8 };
        Option<DeviceChoice> device = new("--device") { Description = "Device to compute on.", DefaultValueFactory = _ => DeviceChoice.Auto };
        GridArguments grid = new(AnswerGrid.Plan.Name);
        Command command = new Command(AnswerGrid.Plan.Name, "Compare ways to choose an answer among candidates (maximum mutual information).")
        {
            model, backward, files, layout, candidates, lambda, limit, history, tokens, temperature, topK, device,
        }.WithExample("foreword study mmi runs/talk --mmi runs/talk-reversed --dialogues dev.jsonl");
        grid.AddTo(command);
        command.SetAction(parsed =>
        {
            grid.Check(parsed);
            foreach ((Option<int> option, int least) in ((Option<int>, int)[])[(candidates, 2), (limit, 1), (history, 1), (tokens, 1), (topK, 0)])
            {
                if (parsed.GetValue(option) < least)
                    throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{option.Name} is {parsed.GetValue(option)}; it must be at least {least}"));
            }

            if (parsed.GetValue(lambda) is not (>= 0 and <= 1))
                throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{lambda.Name} is {parsed.GetValue(lambda)}; it must be from 0 to 1"));
            SamplingOptions sampling = UsageException.For(new SamplingOptions { Temperature = parsed.GetValue(temperature), TopK = parsed.GetValue(topK), MaxTokens = parsed.GetValue(tokens) }.Validate);
            string path = parsed.GetValue(model)!, other = parsed.GetValue(backward)!;
            foreach (string name in (string[])[path, other])
            {
                using OpenedModel opened = OpenedModel.Open(name, parsed.GetValue(device));
                opened.SayTask(name, terminal);
            }

            DialogueDirection.CheckAnswers(path);
            ChatTemplate backwardTemplate = DialogueDirection.TemplateOfBackward(other);
            IReadOnlyList<StudiedModel> forward = StudiedModel.Open([path]), reverse = StudiedModel.Open([other]);
            OpenQuestion[] questions = [.. OpenQuestion.Of(parsed.GetValue(files)!.SelectMany(file => DialogueReader.Read(file, parsed.GetValue(layout))), parsed.GetValue(history)).Take(parsed.GetValue(limit))];
            if (questions.Length == 0)
                throw new InvalidDataException($"{parsed.GetValue(files)![0]} has no dialogue with an answer after a message of the user");
            AnswerGrid study = new(
                forward[0], ChatTemplateFile.OfModel(path), reverse[0], backwardTemplate, questions, parsed.GetValue(candidates), parsed.GetValue(lambda), sampling,
                name => OpenedModel.LoadNow(name, parsed.GetValue(device)));
            return new GridCommand(terminal, AnswerGrid.Plan, grid).Run(parsed, study.Cells(grid.Seeds(parsed)));
        });
        return command;
    }
}
