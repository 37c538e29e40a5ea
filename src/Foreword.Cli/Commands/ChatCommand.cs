using System.CommandLine;
using System.Globalization;
using Foreword.Chat;
using Foreword.Cli.Loading;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Cpu;
using Foreword.Data.Recipes;
using Foreword.Generation;
using Foreword.IO;
using Foreword.Progress;
using Foreword.Settings;
using Foreword.Tasks;
using Foreword.Weights.Catalog;

namespace Foreword.Cli.Commands;

/// <summary>Implements <c>foreword chat MODEL</c>, a prompt loop. Answers go to stdout, everything else to stderr.</summary>
internal sealed class ChatCommand : IDisposable
{
    private const int LongestAnswer = 200;

    private const string Summary = "/exit or Ctrl+D ends the chat, Ctrl+C stops an answer, /retry answers again, /undo takes back your message, /reset clears the conversation, /system TEXT sets the instruction, /save FILE and /load FILE keep the conversation as JSON Lines";

    private static readonly string[] Commands = ["/exit", "/retry", "/undo", "/reset", "/system", "/save", "/load", "/help"];

    private readonly Terminal _terminal;
    private readonly Func<IReadOnlyList<ChatMessage>, Conversation> _start;
    private readonly SamplingOptions _options;
    private readonly bool _prompts;
    private readonly IDisposable _interrupts;
    private readonly HashSet<string> _files = new(StringComparer.Ordinal); // hold this conversation, so that /save may replace them
    private Conversation _conversation;
    private StopRequest? _answering;
    private int _answers;

    private ChatCommand(Terminal terminal, Func<IReadOnlyList<ChatMessage>, Conversation> start, IReadOnlyList<ChatMessage> messages, SamplingOptions options)
    {
        (_terminal, _start, _conversation, _options) = (terminal, start, start(messages), options);
        _prompts = terminal.IsInteractive && !terminal.Quiet && !Console.IsInputRedirected;
        _interrupts = StopSignals.OnKey(Interrupt);
    }

    private bool ShowsCandidates { get; init; }

    /// <summary>Gets where messages and answers are logged.</summary>
    internal required ChatLog Log { get; init; }

    public static Command Create(Terminal terminal) => Create(terminal, OpenedModel.Open);

    /// <summary>Creates the command with another function that opens MODEL on a device, for tests.</summary>
    public static Command Create(Terminal terminal, OpenModel open)
    {
        Argument<string> model = new("MODEL") { Description = "Model directory, checkpoint, or run directory (its best/, else its newest checkpoint)." };
        Option<string> system = new("--system") { Description = "Instruction at the start of the conversation; it is never dropped.", DefaultValueFactory = _ => "" };
        Option<string?> template = new("--template") { Description = $"How messages become text: chitchat, chatml, plain, or a file (docs/generation.md describes the format). Default: MODEL's {ChatTemplateFile.FileName}, or plain." };
        Option<int?> history = new("--max-history") { Description = "Number of messages before yours that the model reads; default: as many as fit." };
        Option<string?> load = new("--load") { Description = "Continue a conversation that /save wrote." };
        RankingArguments ranking = new();
        Option<bool> debug = new("--debug") { Description = "Show the candidates with their scores after each answer." };
        Option<string?> log = new("--log") { Description = "Append each message and answer to a file, as GPT2-chitchat's samples." };
        SamplingArguments sampling = new(LongestAnswer);
        Option<DeviceChoice> device = new("--device") { Description = "Device to compute on; auto uses a GPU if there is one.", DefaultValueFactory = _ => DeviceChoice.Auto };
        Option<EngineChoice> engine = Engines.Option();
        Option<CacheType?> cache = Engines.CacheOption();
        Command command = new("chat", "Chat with a model. /exit or Ctrl+D ends the chat, Ctrl+C stops an answer.") { model, system, template, history, load, log };
        ranking.AddTo(command);
        command.Add(debug);
        sampling.AddTo(command);
        command.Add(device);
        command.Add(engine);
        command.Add(cache);
        command.SetAction(parsed =>
        {
            SamplingOptions options = UsageException.For(sampling.Read(parsed).Validate);
            if (parsed.GetValue(history) < 0)
                throw new UsageException($"--max-history is {parsed.GetValue(history)}; it must be at least 0");
            Ranking chooses = ranking.Read(parsed);
            if (parsed.GetValue(debug) && chooses.Candidates == 1)
                throw new UsageException("--debug shows the candidates; it needs --candidates N or --mmi MODEL");
            IReadOnlyList<ChatMessage> messages = parsed.GetValue(load) is { } talk ? SavedConversation.Read(talk) : [];
            if (parsed.GetValue(system)!.Length > 0)
                messages = [new ChatMessage(ChatRole.System, parsed.GetValue(system)!), .. messages.Where(message => message.Role != ChatRole.System)];
            string path = parsed.GetValue(model)!;
            string directory = File.Exists(path) ? Path.GetDirectoryName(Path.GetFullPath(path))! : ModelDirectory.Resolve(path);
            if (TaskDescription.FineTunedFor(directory) is { } task)
                throw new InvalidDataException($"{path} is fine-tuned for {task}, not for chat{(TaskDescription.IsIn(directory) ? $"; foreword predict {path} prints its answers" : "")}");
            DialogueDirection.CheckAnswers(path);
            ChatTemplate chosen = parsed.GetValue(template) is { } file ? ChatTemplateFile.Find(file) : ChatTemplateFile.Load(directory);
            ChatTemplate? backwardTemplate = chooses.Template();
            ChatLog chatLog = new(parsed.GetValue(log), terminal);
            chatLog.Check();
            using OpenedModel opened = open(path, parsed.GetValue(device), parsed.GetValue(engine), parsed.GetValue(cache));
            using OpenedModel? openedBackward = chooses.Model is { } other ? open(other, parsed.GetValue(device), parsed.GetValue(engine), parsed.GetValue(cache)) : null;
            openedBackward?.SayTask(chooses.Model!, terminal);
            using TextModel loaded = LoadingBar.Show(terminal, opened.Path, opened.Load);
            using TextModel? backward = openedBackward is null ? null : LoadingBar.Show(terminal, openedBackward.Path, openedBackward.Load);
            AnswerRanker? ranker = backward is null ? null : chooses.Ranker(backward, backwardTemplate!);
            if (ReferenceEquals(chosen, ChatTemplate.Plain) && ChatTemplate.JinjaFile(directory) is { } jinja)
                terminal.SayWrapped($"{jinja} has a Jinja template, which is not supported: the plain template (\"User:\", \"Assistant:\") is used; a {ChatTemplateFile.FileName} in the model directory replaces it");
            sampling.SaySeed(parsed, terminal);
            Conversation Begin(IReadOnlyList<ChatMessage> said) => new(loaded.Model, loaded.Tokenizer, chosen, said)
            {
                MaxHistory = parsed.GetValue(history),
                Candidates = chooses.Candidates,
                Ranker = ranker,
            };
            using ChatCommand chat = new(terminal, Begin, messages, options) { ShowsCandidates = parsed.GetValue(debug), Log = chatLog };
            chatLog.Begin(parsed.GetValue(load), parsed.GetValue(system)!);
            if (parsed.GetValue(load) is { } continued)
                chat._files.Add(OutputFile.Target(continued));
            chat.Talk();
            return ExitCodes.Done;
        });
        return command.WithExample("foreword chat runs/quickstart --temperature 0.7 --top-k 40");
    }

    public void Dispose()
    {
        _interrupts.Dispose();
        _conversation.Dispose();
    }

    private void Talk()
    {
        if (_prompts)
            Help();
        foreach (string line in Lines())
        {
            if (string.IsNullOrWhiteSpace(line))
                continue;
            if (!line.StartsWith('/'))
                Answer(line);
            else if (!Obey(line.TrimEnd()))
                return;
        }

        if (_prompts)
            _terminal.Err.WriteLine();
    }

    /// <summary>Reads the lines of standard input, and writes a prompt before each.</summary>
    private IEnumerable<string> Lines()
    {
        using IEnumerator<string> lines = StrictText.ReadLines(_terminal.In, "standard input").GetEnumerator();
        while (true)
        {
            if (_prompts)
                _terminal.Err.Write("> ");
            if (!lines.MoveNext())
                yield break;
            yield return lines.Current;
        }
    }

    private void Answer(string line)
    {
        StopRequest answering = new();
        _answering = answering;
        bool began = false;
        try
        {
            ChatAnswer answer = _conversation.Answer(line, _options.ForSample(_answers), Print, answering);
            _answers += Math.Max(1, answer.Candidates.Count);
            _terminal.Out.WriteLine();
            if (!answer.Interrupted || _conversation.Candidates == 1)
                Log.Pair(line, answer.Text); // a single answer that was stopped stays in the conversation as far as it was written
            if (ShowsCandidates)
                Show(answer.Candidates);
            if (answer.Interrupted)
                _terminal.Say("(stopped)");
            if (answer.DroppedMessages > 0)
                _terminal.Say($"(the context is full: the {answer.DroppedMessages} oldest messages before this one were dropped)");
            if (answer.Shortened)
                _terminal.Say("(the message is too long for the context: its beginning was dropped)");
        }
        finally
        {
            _answering = null;
        }

        void Print(string chunk)
        {
            if (!began)
                chunk = chunk.TrimStart(); // the model often starts its answer with a space after the template's prefix
            began |= chunk.Length > 0;
            _terminal.Out.Write(chunk);
        }
    }

    /// <summary>Writes the candidates of an answer, the best one first.</summary>
    private void Show(IReadOnlyList<RankedAnswer> candidates)
    {
        foreach (RankedAnswer candidate in candidates)
        {
            string losses = candidate.HistoryLoss is { } history
                ? string.Create(CultureInfo.InvariantCulture, $"history {history:F3}, sequence {candidate.SequenceLoss:F3}, own {-candidate.Answer.LogProb / Math.Max(1, candidate.Answer.Tokens):F3}")
                : string.Create(CultureInfo.InvariantCulture, $"own {-candidate.Answer.LogProb / Math.Max(1, candidate.Answer.Tokens):F3}");
            _terminal.SayWrapped(string.Create(CultureInfo.InvariantCulture, $"[{candidate.Index + 1}] score {candidate.Score:F3} (nats a token: {losses}) {candidate.Answer.Text.Trim().ReplaceLineEndings(" ")}"));
        }
    }

    /// <summary>Executes a line that begins with a slash. Returns false if the loop must end.</summary>
    private bool Obey(string line)
    {
        string[] words = line.Split(' ', 2, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        switch (words)
        {
            case ["/exit"]:
                return false;
            case ["/reset"]:
                _conversation.Reset();
                _files.Clear(); // what they hold is no longer here
                Log.Command("/reset");
                _terminal.Say("(forgotten)");
                break;
            case ["/undo"]:
                Undo();
                break;
            case ["/retry"]:
                Retry();
                break;
            case ["/system", ..]:
                _conversation.Instruct(words.Length > 1 ? words[1] : "");
                Log.Command(string.Join(' ', words));
                _terminal.Say(words.Length > 1 ? "(the model follows this from now on)" : "(there is no instruction any more)");
                break;
            case ["/load", var path]:
                Load(path);
                break;
            case ["/load"]:
                _terminal.Err.WriteLine("error: /load needs a file name: /load talk.jsonl");
                break;
            case ["/save", var path]:
                Save(path);
                break;
            case ["/save"]:
                _terminal.Err.WriteLine("error: /save needs a file name: /save talk.jsonl");
                break;
            case ["/help"]:
                Help();
                break;
            case [var known, _] when Commands.Contains(known):
                _terminal.Err.WriteLine($"error: {known} stands alone in its line");
                break;
            default:
                _terminal.Err.WriteLine($"error: unknown command '{words[0]}'{NearestName.Suggestion(words[0], Commands)}");
                break;
        }

        return true;
    }

    private void Undo()
    {
        if (_conversation.Undo() is not { } taken)
        {
            _terminal.Say("(there is nothing to take back)");
            return;
        }

        Log.Command("/undo");
        _terminal.SayWrapped($"(taken back: {taken})");
    }

    private void Retry()
    {
        if (_conversation.Undo() is not { } again)
        {
            _terminal.Err.WriteLine("error: there is no message to answer again");
            return;
        }

        Log.Command("/retry");
        Answer(again);
    }

    private void Help()
    {
        foreach (string row in FittedText.Wrap(Summary, Math.Min(_terminal.Width, FittedText.UsualWidth)))
            _terminal.Say(row);
    }


    private void Save(string path)
    {
        try
        {
            SavedConversation.Write(path, _conversation.Messages, _files);
            _files.Add(OutputFile.Target(path));
            _terminal.SayWrapped($"({_conversation.Messages.Count} messages in {path})");
        }
        catch (Exception problem) when (problem is IOException)
        {
            _terminal.Err.WriteLine($"error: {problem.Message}"); // the conversation continues
        }
    }

    private void Load(string path)
    {
        try
        {
            Conversation loaded = _start(SavedConversation.Read(path));
            _conversation.Dispose();
            _conversation = loaded;
            _files.Clear();
            _files.Add(OutputFile.Target(path));
            Log.Command($"/load {path}");
            _terminal.SayWrapped($"({loaded.Messages.Count} messages from {path})");
        }
        catch (Exception problem) when (problem is IOException or InvalidDataException)
        {
            _terminal.Err.WriteLine($"error: {problem.Message}"); // the conversation continues
        }
    }

    private void Interrupt()
    {
        if (_answering is { } answering)
        {
            answering.Request();
            return;
        }

        _terminal.Err.WriteLine();
        Help();
        if (_prompts)
            _terminal.Err.Write("> ");
    }
}
