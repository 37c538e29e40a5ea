using System.Globalization;
using Foreword.Chat;
using Foreword.Data.Dialogues;
using Foreword.Data.Recipes;
using Foreword.Generation;
using Foreword.Studies.Evaluation;
using Foreword.Studies.Grid;
using Foreword.Studies.Results;

namespace Foreword.Studies.Dialogues;

/// <summary>Makes the cells of the study that compares ways to choose an answer among candidates.</summary>
/// <param name="Forward">The model that writes the candidates.</param>
/// <param name="Template">Its chat template.</param>
/// <param name="Backward">The model that says how probable the history is after an answer.</param>
/// <param name="BackwardTemplate">Its chat template.</param>
/// <param name="Questions">The dialogues up to an answer.</param>
/// <param name="Candidates">The number of candidates for each answer, 2 or more.</param>
/// <param name="Lambda">The weight of the history in <see cref="AnswerRule.Interpolated"/>.</param>
/// <param name="Sampling">How candidates are drawn.</param>
/// <param name="Load">Loads a model.</param>
internal sealed record AnswerGrid(
    StudiedModel Forward, ChatTemplate Template, StudiedModel Backward, ChatTemplate BackwardTemplate, IReadOnlyList<OpenQuestion> Questions,
    int Candidates, double Lambda, SamplingOptions Sampling, Func<string, TextModel> Load)
{
    /// <summary>The factor whose levels are ways to choose.</summary>
    public const string Rule = "rule";

    /// <summary>The levels of <see cref="Rule"/>.</summary>
    public const string Reference = "reference", First = "first", Likelihood = "likelihood", Sequence = "sequence", History = "history", Interpolated = "interpolated";

    /// <summary>The names of a cell's values.</summary>
    public const string HistoryPerplexity = "history perplexity", Distinct1 = "distinct-1", Distinct2 = "distinct-2", Words = "words", Repeated = "repeated";

    private readonly Dictionary<int, AnswerCandidate[][]> _written = [];
    private readonly Lock _writing = new();

    /// <summary>Gets the plan of the study.</summary>
    public static StudyPlan Plan { get; } = new()
    {
        Name = "mmi",
        Title = "Choosing among answers",
        Method = "Writes several candidates for the answers of held-back dialogues, and compares ways to choose one. They are the first, and the likeliest (mean log-probability of a token). "
            + "With a backward model, they are GPT2-chitchat's mean loss of answer and history (sequence), the history's probability after the answer (history), and both directions weighted (interpolated, Li et al. 2016). "
            + "The history's perplexity is that of the same backward model that chooses, so history has the lowest one by its definition. Li et al. report more distinct words with both directions.",
        Axis = Rule,
        AxisLabel = "answer chosen by",
        IsUnordered = true,
        Curves = [StudiedModel.Factor],
        Values = [Distinct2, Distinct1, HistoryPerplexity, Words, Repeated],
        Drawn = [Distinct2, Distinct1],
        Reference = First,
    };

    /// <summary>Returns the cells.</summary>
    /// <param name="seeds">The number of draws of the candidates, 1 or more.</param>
    public IReadOnlyList<ICellWork> Cells(int seeds)
    {
        string definition = string.Join('\n', [
            KnownHashes.OfModel(Forward.Path), KnownHashes.OfModel(Backward.Path), Recipe.ToYaml(Template), Recipe.ToYaml(BackwardTemplate),
            string.Create(CultureInfo.InvariantCulture, $"{Candidates} {Lambda} {Sampling with { Seed = 0 }}"),
            .. Questions.Select(question => new Dialogue([.. question.History, new ChatMessage(ChatRole.Assistant, question.Answer)], "").ToJson())]);
        return [.. from seed in Enumerable.Range(0, seeds)
                   from rule in (string[])[Reference, First, Likelihood, Sequence, History, Interpolated]
                   where rule != Reference || seed == 0
                   select new AnswerCell(new StudyCell([new(StudiedModel.Factor, Forward.Name), new(Rule, rule), new(StudyFactor.Seed, seed.ToString(CultureInfo.InvariantCulture))], $"{definition}\n{rule} {seed}"), this, rule, seed)];
    }

    /// <summary>Returns the candidates for each question. They are written once for all ways to choose.</summary>
    /// <param name="seed">The draw.</param>
    /// <param name="context">Counts steps and cancels.</param>
    public IReadOnlyList<AnswerCandidate[]> Write(int seed, CellContext context)
    {
        lock (_writing)
        {
            if (_written.TryGetValue(seed, out AnswerCandidate[][]? known))
                return known;
            using TextModel model = Load(Forward.Path);
            AnswerCandidate[][] written = [.. Questions.Select((question, i) =>
            {
                context.CancellationToken.ThrowIfCancellationRequested();
                using Conversation conversation = new(model.Model, model.Tokenizer, Template, question.History.SkipLast(1).ToArray()) { Candidates = Candidates };
                SamplingOptions options = Sampling with { Seed = ((seed * (long)Questions.Count) + i) * Candidates };
                ChatAnswer answer = conversation.Answer(question.History[^1].Text, options, cancellationToken: context.CancellationToken);
                context.Stepped?.Invoke();
                return answer.Candidates.OrderBy(candidate => candidate.Index).Select(candidate => candidate.Answer).ToArray();
            })];
            _written[seed] = written;
            return written;
        }
    }
}

/// <summary>A dialogue up to an answer of the assistant.</summary>
/// <param name="History">The messages before the answer. The last one is the user's.</param>
/// <param name="Answer">What was answered.</param>
internal sealed record OpenQuestion(IReadOnlyList<ChatMessage> History, string Answer)
{
    /// <summary>Returns the last answer of each dialogue that follows a message of the user, with at most some messages before it.</summary>
    /// <param name="dialogues">The dialogues.</param>
    /// <param name="maxHistory">The largest number of messages before the answer, 1 or more. Instructions are left out.</param>
    public static IEnumerable<OpenQuestion> Of(IEnumerable<Dialogue> dialogues, int maxHistory)
    {
        foreach (Dialogue dialogue in dialogues)
        {
            ChatMessage[] messages = [.. dialogue.Messages.Where(message => message.Role != ChatRole.System)];
            for (int at = messages.Length - 1; at > 0; at--)
            {
                if (messages[at].Role != ChatRole.Assistant || messages[at - 1].Role != ChatRole.User)
                    continue;
                yield return new OpenQuestion(messages[Math.Max(0, at - maxHistory)..at], messages[at].Text);
                break;
            }
        }
    }
}
