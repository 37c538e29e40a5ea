using System.Globalization;
using Foreword.Data.FineTuning;
using Foreword.Data.Questions;
using Foreword.Data.Recipes.Supervised;
using Foreword.Data.Shards;
using Foreword.Numerics;
using Foreword.Tokenization;

namespace Foreword.Data.Supervised;

/// <summary>The questions of a run, encoded.</summary>
internal sealed class QuestionData
{
    private readonly QuestionEncoder _encoder;
    private readonly QuestionWordings _wordings;
    private readonly QuestionMix _mix;
    private readonly int _seed;

    private QuestionData(QuestionMix mix, QuestionWordings wordings, QuestionEncoder encoder, int seed) => (_mix, _wordings, _encoder, _seed) = (mix, wordings, encoder, seed);

    /// <summary>Gets the tasks, whose training questions are those that fit.</summary>
    public IReadOnlyList<QuestionTask> Tasks { get; private init; } = [];

    /// <summary>Gets the training examples in their usual wording: those of the first task, then those of the next one.</summary>
    public IReadOnlyList<SupervisedExample> Train { get; private init; } = [];

    /// <summary>Gets the examples of each task that select the best epoch, by the name of the task.</summary>
    public IReadOnlyList<(string Task, IReadOnlyList<SupervisedExample> Examples)> Validation { get; private init; } = [];

    /// <summary>Gets the files with their hashes.</summary>
    public TrainingFiles Files { get; private init; } = new() { Train = [], Validation = [] };

    /// <summary>Gets what was left out, in sentences for the user.</summary>
    public IReadOnlyList<string> Notes { get; private init; } = [];

    /// <summary>Reads and encodes the questions of a recipe.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="contextLength">The length of a sequence in tokens.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="InvalidDataException">The mix or a file is malformed, or there are too few questions.</exception>
    /// <exception cref="IOException">A file or directory does not exist.</exception>
    public static QuestionData Open(QuestionRecipe recipe, Tokenizer tokenizer, int contextLength, CancellationToken cancellationToken = default)
    {
        QuestionMix whole = QuestionMix.Read(recipe.Data.Train[0]), mix = whole.Only(recipe.Data.Tasks);
        QuestionWordings wordings = mix.Wordings is null ? QuestionWordings.Usual : QuestionWordings.Read(mix.Wordings, whole.Names);
        QuestionEncoder encoder = new(tokenizer, contextLength);
        List<string> notes = [];
        List<QuestionTask> tasks = [];
        List<SupervisedExample> train = [];
        List<(string, IReadOnlyList<SupervisedExample>)> validation = [];
        foreach (QuestionTask task in QuestionTask.Read(mix, recipe.Data.Directory, recipe.Data.Limit, recipe.Train.Seed, cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (mix.Wordings is { } file)
                wordings.Check(file, task.Name, task.Train);
            (IReadOnlyList<Question> kept, IReadOnlyList<SupervisedExample> learned) = Encode(task, task.Train, "training");
            tasks.Add(task with { Train = kept });
            train.AddRange(learned);
            validation.Add((task.Name, Encode(task, task.Validation, "validation").Examples));
        }

        if (UnknownTokens.Describe(tokenizer, train.Select(example => example.Ids), "training ") is { } unknown)
            notes.Add(unknown);
        string[] others = [.. new[] { recipe.Data.Train[0], mix.Wordings }.OfType<string>()];
        return new QuestionData(mix, wordings, encoder, recipe.Train.Seed)
        {
            Tasks = tasks,
            Train = train,
            Validation = validation,
            Notes = notes,
            Files = new TrainingFiles { Train = ManifestFile.Describe([.. others, .. tasks.SelectMany(task => task.Files).Distinct()], cancellationToken), Validation = [] },
        };

        (IReadOnlyList<Question> Questions, IReadOnlyList<SupervisedExample> Examples) Encode(QuestionTask task, IReadOnlyList<Question> questions, string part)
        {
            (Question Question, SupervisedExample? Example)[] all = [.. questions.Select(question => (question, encoder.Encode(question, question.Asked)))];
            (Question Question, SupervisedExample? Example)[] fitting = [.. all.Where(one => one.Example is not null)];
            if (fitting.Length == 0)
                throw new InvalidDataException($"{questions[0].Place}: no {part} answer of {task.Name} fits into half of {contextLength} tokens");
            if (fitting.Length < all.Length)
                notes.Add(string.Create(CultureInfo.InvariantCulture, $"{all.Length - fitting.Length:N0} of {all.Length:N0} {part} questions of {task.Name} have an answer that fills more than half of {contextLength} tokens, and are left out"));
            return ([.. fitting.Select(one => one.Question)], [.. fitting.Select(one => one.Example!)]);
        }
    }

    /// <summary>Creates the order in which a training draws questions.</summary>
    /// <param name="drawsOfStep">The number of questions of an update.</param>
    public MixSampler Sampler(int drawsOfStep) => new(
        [.. Tasks.Select(task => task.Train.Count)], _mix.Mixing, _mix.Temperature, _mix.First is { } first ? (Tasks.Index().First(task => task.Item.Name == first).Index, (long)_mix.For * drawsOfStep) : null, _seed);

    /// <summary>Encodes a training question in a wording that the seed determines.</summary>
    /// <param name="task">The index of the task.</param>
    /// <param name="question">The index of its question.</param>
    /// <param name="draw">The number of draws before.</param>
    public SupervisedExample Example(int task, int question, long draw)
    {
        QuestionTask own = Tasks[task];
        int wording = (int)SplitMix.Below(_wordings.Count(own.Name), SplitMix.Bits((ulong)_seed, 0x51), (ulong)draw);
        return _encoder.Encode(own.Train[question], _wordings.Ask(own.Name, own.Train[question], wording))!; // whether an answer fits does not depend on the wording
    }
}
