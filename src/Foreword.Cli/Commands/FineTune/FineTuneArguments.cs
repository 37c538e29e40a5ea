using System.CommandLine;
using System.Globalization;
using Foreword.Cli.Options;
using Foreword.Data.Datasets.Catalog;
using Foreword.Data.Dialogues;
using Foreword.Data.Recipes;
using Foreword.Data.Recipes.Supervised;
using Foreword.Settings;
using Foreword.Tasks;

namespace Foreword.Cli.Commands.FineTune;

/// <summary>The source and the options of <c>foreword finetune</c> that make up its recipe.</summary>
internal sealed class FineTuneArguments
{
    private readonly Argument<string?> _source = new("SOURCE") { Description = "A recipe (.yaml), or a model: a directory, a checkpoint, a run.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _dataset = new("--dataset") { Description = "Published data set to learn, in the directory --data (see --list)." };
    private readonly Option<string?> _task = new("--task") { Description = $"Task to learn: {string.Join(", ", Kinds)}." };
    private readonly Option<string[]> _train = OptionExtensions.Files("--train", "Labeled examples to learn from: CSV, TSV, JSON Lines, Parquet, CoNLL, SQuAD, also .gz and .zst.");
    private readonly Option<string[]> _validation = OptionExtensions.Files("--validation", "Examples for choosing the best epoch; default: a tenth of the training set (of dialogues and preferences, a twentieth), or the data set's own.");
    private readonly Option<string[]> _test = OptionExtensions.Files("--test", "Examples to test the best model on at the end.");
    private readonly TableArguments _tables = new("Columns by name or by number from 0, the label last: text,label; or with their roles: label=category.");
    private readonly Option<string[]> _labels = OptionExtensions.Files("--labels", "For each training file, a file with one label per line, if the tables have no labels.");
    private readonly Option<string[]> _validationLabels = OptionExtensions.Files("--validation-labels", "The same for the validation files.");
    private readonly Option<string[]> _testLabels = OptionExtensions.Files("--test-labels", "The same for the test files.");
    private readonly Option<string?> _model = new("--model") { Description = "With a recipe: the model to start from; overrides model.path." };
    private readonly Option<string?> _data = new("--data") { Description = "The directory of the data set, or of the files of a recipe; overrides data.directory." };
    private readonly Option<int?> _limit = new("--limit") { Description = "Read only the first N training examples; overrides data.limit." };
    private readonly Option<int?> _examples = new("--examples") { Description = "Learn from N training examples, drawn at random with the seed; overrides data.examples." };
    private readonly Option<int?> _epochs = new("--epochs") { Description = "Overrides train.epochs." };
    private readonly Option<double?> _lr = new("--lr") { Description = "Overrides train.lr." };
    private readonly Option<int?> _batch = new("--batch-size") { Description = "Overrides train.batch_size." };
    private readonly Option<DeviceChoice?> _device = new("--device") { Description = "Device to compute on; overrides train.device." };
    private readonly Option<string?> _metric = new("--metric") { Description = "Metric for choosing the best epoch, such as accuracy, macro_f1, f1, f1:LABEL, matthews, micro_f1, pearson, spearman, rmse or loss; overrides train.best_metric." };
    private readonly Option<int?> _seed = new("--seed") { Description = "Overrides train.seed." };
    private readonly Option<string?> _template = new("--template") { Description = "Dialogues, preferences: how messages become text: chitchat, chatml, plain, or a file (.yaml); overrides task.template." };
    private readonly Option<LossOn?> _lossOn = new("--loss-on") { Description = "Dialogues: the tokens to learn: those of the assistant's answers, or all; overrides task.loss_on." };
    private readonly Option<bool> _reverse = new("--reverse") { Description = "Dialogues: read them from their end, for chat --mmi; overrides task.reverse." };
    private readonly Option<DialogueLayout?> _layout = new("--layout") { Description = "Dialogues (also of --rejected shuffled): layout of the files; default: by their names; overrides data.layout." };
    private readonly Option<string?> _encoding = DocumentArguments.EncodingOption();
    private readonly Option<RejectedAnswers?> _rejected = new("--rejected") { Description = "Preferences: the files hold the rejected answers (given), or dialogues, whose answers are exchanged (shuffled); overrides task.rejected." };
    private readonly Option<double?> _beta = new("--beta") { Description = "Preferences: how strongly the model is kept near its start; overrides task.beta." };
    private readonly Option<string[]> _set = new("--set") { Description = "Overrides one key of the recipe: --set model.n_transfer=3; may be repeated.", DefaultValueFactory = _ => [] };

    /// <summary>The kinds that train a model which writes text.</summary>
    private static readonly string[] SupervisedKinds = [DialogueRecipe.Kind, PreferenceRecipe.Kind, QuestionRecipe.Kind];

    private static IEnumerable<string> Kinds => [.. FineTuningTask.All.Select(known => known.Kind), .. SupervisedKinds];

    /// <summary>Gets the options that only some kinds have, with these kinds.</summary>
    private (Option Option, string[] Kinds)[] OwnOptions =>
    [
        (_template, [DialogueRecipe.Kind, PreferenceRecipe.Kind]), (_layout, [DialogueRecipe.Kind, PreferenceRecipe.Kind]), (_encoding, [DialogueRecipe.Kind, PreferenceRecipe.Kind]),
        (_lossOn, [DialogueRecipe.Kind]), (_reverse, [DialogueRecipe.Kind]), (_rejected, [PreferenceRecipe.Kind]), (_beta, [PreferenceRecipe.Kind]),
    ];

    /// <summary>Gets the options that the kinds which train a model that writes text do not have.</summary>
    private Option[] NotOfSupervised => [_dataset, _test, _labels, _validationLabels, _testLabels, _examples, _metric];

    public FineTuneArguments()
    {
        _task.AcceptOnly([.. Kinds]);
        _dataset.AcceptOnly([.. DatasetCatalog.All.Select(dataset => dataset.Name)]);
    }

    /// <summary>Adds the argument and the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_source);
        foreach (Option option in (Option[])[_dataset, _data, _task, _train, _validation, _test, _labels, _validationLabels, _testLabels, _limit, _examples, _model, _epochs, _lr, _batch, _metric, _device, _seed, .. OwnOptions.Select(own => own.Option), _set])
            command.Add(option);
        _tables.AddTo(command);
    }

    /// <summary>Returns the recipe, read from a file with overrides from options, or made from options alone.</summary>
    /// <exception cref="UsageException">There is no recipe, and the options that are then needed are missing.</exception>
    /// <exception cref="InvalidDataException">The recipe is malformed.</exception>
    public FineTuneRecipe ReadRecipe(ParseResult parsed)
    {
        string from = parsed.GetValue(_source) ?? throw new UsageException("a recipe or a model is missing: foreword finetune runs/books --dataset snli --data data (--list lists the data sets)");
        if (IsRecipe(from))
            return Recipe.Read<FineTuneRecipe>(from, Overrides(parsed));
        if (parsed.GetValue(_dataset) is { } dataset)
        {
            if (parsed.GetValue(_data) is null)
                throw new UsageException($"--dataset {dataset} needs the directory of its files: --data DIR");
        }
        else if (parsed.GetValue(_task) is null || parsed.GetValue(_train)!.Length == 0)
            throw new UsageException($"without a recipe, --task and --train are needed, or --dataset and --data: foreword finetune {from} --task classification --train train.csv --columns text,label");
        return Recipe.Parse<FineTuneRecipe>($"model: {{path: {OptionExtensions.YamlQuoted(from)}}}", "the options", Overrides(parsed));
    }

    /// <summary>Returns the recipe of a training of a model that writes text, with its kind; null if the task is another one.</summary>
    /// <exception cref="UsageException">There is no recipe, and the options that are then needed are missing; or an option is not for this kind.</exception>
    /// <exception cref="InvalidDataException">The recipe is malformed.</exception>
    public (string Kind, ISupervisedRecipe Recipe)? ReadSupervisedRecipe(ParseResult parsed)
    {
        string? from = parsed.GetValue(_source);
        bool isFile = from is not null && IsRecipe(from);
        string? kind = isFile ? Recipe.TaskKind(from!) : parsed.GetValue(_task);
        if (OwnOptions.FirstOrDefault(own => IsGiven(own.Option) && !own.Kinds.Contains(kind)) is { Option: { } only } found)
            throw new UsageException($"{only.Name} is for --task {string.Join(" or ", found.Kinds)}");
        if (!SupervisedKinds.Contains(kind))
            return null;
        if (NotOfSupervised.Concat(_tables.All).Concat(kind == QuestionRecipe.Kind ? [_validation] : Array.Empty<Option>()).FirstOrDefault(IsGiven) is { } other)
            throw new UsageException($"{other.Name} is not for --task {kind}");
        string[] overrides = [.. Overrides(parsed, SupervisedOverrides(parsed))];
        if (!isFile && (from is null || parsed.GetValue(_train)!.Length == 0))
            throw new UsageException($"without a recipe, a model and --train are needed: foreword finetune {from ?? "runs/books"} --task {kind} --train {(kind == QuestionRecipe.Kind ? "mix.yaml" : $"{kind}.jsonl")}");
        return (kind!, kind switch { PreferenceRecipe.Kind => Read<PreferenceRecipe>(), QuestionRecipe.Kind => Read<QuestionRecipe>(), _ => Read<DialogueRecipe>() });

        bool IsGiven(Option option) => parsed.GetResult(option) is { Implicit: false };

        T Read<T>() where T : class, IRecipe, new() =>
            isFile ? Recipe.Read<T>(from!, overrides) : Recipe.Parse<T>($"model: {{path: {OptionExtensions.YamlQuoted(from!)}}}", "the options", overrides);
    }

    private IEnumerable<(string Key, object? Value)> SupervisedOverrides(ParseResult parsed) =>
    [
        ("task.template", parsed.GetValue(_template)), ("task.loss_on", parsed.GetValue(_lossOn)),
        ("task.reverse", parsed.GetValue(_reverse) ? true : null), ("data.layout", parsed.GetValue(_layout)), ("data.encoding", parsed.GetValue(_encoding)),
        ("task.rejected", parsed.GetValue(_rejected)), ("task.beta", parsed.GetValue(_beta)),
    ];

    /// <summary>Returns the default name of the run's directory.</summary>
    public string Name(ParseResult parsed, string what) =>
        parsed.GetValue(_source) is { } from && IsRecipe(from) ? Path.GetFileNameWithoutExtension(from) : $"finetune-{what}";

    private static bool IsRecipe(string from) => Path.GetExtension(from) is ".yaml" or ".yml";

    private List<string> Overrides(ParseResult parsed, IEnumerable<(string Key, object? Value)>? further = null)
    {
        List<string> overrides = [];
        foreach ((string key, object? value) in further ?? [])
            Add(key, value);
        Add("model.path", parsed.GetValue(_model));
        Add("data.dataset", parsed.GetValue(_dataset));
        Add("data.directory", parsed.GetValue(_data));
        Add("task.kind", parsed.GetValue(_task));
        AddAll("data.train", parsed.GetValue(_train)!);
        AddAll("data.validation", parsed.GetValue(_validation)!);
        AddAll("data.test", parsed.GetValue(_test)!);
        AddAll("data.train_labels", parsed.GetValue(_labels)!);
        AddAll("data.validation_labels", parsed.GetValue(_validationLabels)!);
        AddAll("data.test_labels", parsed.GetValue(_testLabels)!);
        AddAll("data.columns", _tables.Columns(parsed) ?? []);
        overrides.AddRange(_tables.Overrides(parsed));
        Add("data.limit", parsed.GetValue(_limit));
        Add("data.examples", parsed.GetValue(_examples));
        Add("train.epochs", parsed.GetValue(_epochs));
        Add("train.lr", parsed.GetValue(_lr));
        Add("train.batch_size", parsed.GetValue(_batch));
        Add("train.best_metric", parsed.GetValue(_metric));
        Add("train.device", parsed.GetValue(_device));
        Add("train.seed", parsed.GetValue(_seed));
        overrides.AddRange(parsed.GetValue(_set)!);
        return overrides;

        void Add(string key, object? value)
        {
            if (value is not null)
                overrides.Add($"{key}={Text(value)}");
        }

        static string Text(object value) => value switch
        {
            string text => OptionExtensions.YamlQuoted(text),
            Enum choice => RecipeKey.ChoiceOf(choice),
            bool flag => flag ? "true" : "false",
            _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };

        void AddAll(string key, string[] values)
        {
            if (values.Length > 0)
                overrides.Add($"{key}=[{string.Join(", ", values.Select(OptionExtensions.YamlQuoted))}]");
        }
    }
}
